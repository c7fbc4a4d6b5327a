/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connections that netstat lists, and how much they carry. */
#ifndef DAEMON_NETSTAT_ROWS_H
#define DAEMON_NETSTAT_ROWS_H

#include <stdatomic.h>

#include "daemon/living.h"
#include "engine/ids.h"

struct netstat_row {
	struct connection connection; /* without what points into the dump */
	struct packet packet;         /* of its own, of the original direction */
	enum direction direction;
	bool has_rate;
	double rate_bps;               /* bits a second, both directions */
	const struct outcome *outcome; /* what its mark says; NULL: nothing. Of the caller */
	const char *exempt;            /* why it is not judged, or NULL. Of the caller */
};

struct netstat_rows {
	struct netstat_row *items;
	size_t count;
	size_t capacity;
};

/*
 * Reads all. With an interval, it reads them twice, so far apart: what connections carry meanwhile
 * is their rate, where the kernel counts (net.netfilter.nf_conntrack_acct). The interval ends when
 * *is_cancelled becomes true. 0 or a negative errno, told in *error.
 */
int netstat_rows_read(struct netstat_rows *rows, const struct host *host, unsigned interval_ms,
		      const _Atomic bool *is_cancelled, struct nl_error *error);
void netstat_rows_fini(struct netstat_rows *rows);

#endif
