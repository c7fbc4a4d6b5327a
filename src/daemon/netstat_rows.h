/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connections that netstat lists, and how much they carry. */
#ifndef DAEMON_NETSTAT_ROWS_H
#define DAEMON_NETSTAT_ROWS_H

#include "daemon/living.h"

struct netstat_row {
	struct connection connection; /* without what points into the dump */
	struct packet packet;
	enum direction direction;
	bool has_rate;
	double rate_bps; /* bits a second, both directions */
};

struct netstat_rows {
	struct netstat_row *items;
	size_t count;
	size_t capacity;
};

/*
 * Reads all. With an interval, it reads them again after it: what connections have carried
 * meanwhile is their rate, where the kernel counts (net.netfilter.nf_conntrack_acct). An interval
 * is given up when *is_cancelled becomes true. 0 or a negative errno, told in *error.
 */
int netstat_rows_read(struct netstat_rows *rows, const struct host *host, unsigned interval_ms,
		      const _Atomic bool *is_cancelled, struct nl_error *error);
void netstat_rows_fini(struct netstat_rows *rows);

#endif
