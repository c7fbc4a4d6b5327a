/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast connections are: what they have carried between two readings of conntrack. */
#ifndef DAEMON_NETSTAT_RATES_H
#define DAEMON_NETSTAT_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/conntrack_dump.h"

struct carried {
	uint64_t key;
	uint64_t bytes; /* both directions */
};

/* The first reading; begins as all zero. */
struct netstat_rates {
	struct carried *items;
	size_t count;
	size_t capacity;
	uint64_t read_ns; /* CLOCK_REALTIME, before it */
};

/* Adds a connection of the first reading. */
void netstat_rates_add(struct netstat_rates *rates, const struct connection *connection);

/* After the last of them. */
void netstat_rates_seal(struct netstat_rates *rates);

/*
 * Bits a second of a connection of the second reading, so many seconds later. One that the first
 * has not seen has begun since, unless its age says otherwise. False where that is not known.
 */
bool netstat_rates_get(const struct netstat_rates *rates, const struct connection *connection,
		       double seconds, double *ret_bps);
void netstat_rates_fini(struct netstat_rates *rates);

#endif
