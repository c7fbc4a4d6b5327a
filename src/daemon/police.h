/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast policed classes are now. HTB measures that itself; of what the table polices there are
 * only counters, so they are read once a second while something is policed.
 */
#ifndef DAEMON_POLICE_H
#define DAEMON_POLICE_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/plan.h"

struct police_sample {
	uint64_t bytes;
	double bps; /* mean of the last seconds */
};

struct police {
	const struct plan *plan;        /* borrowed */
	struct police_sample **samples; /* by position in the plan, then by class; NULL: no police */
	ev_timer timer;
	ev_tstamp sampled; /* of the loop's clock */
};

/* Begins to look at what the plan polices; before, police_stop() for another plan. */
void police_watch(struct police *police, const struct plan *plan, struct ev_loop *loop);
void police_stop(struct police *police, struct ev_loop *loop);

/* Bit/s of one class; 0 where it is not policed. */
uint64_t police_now_bps(const struct police *police, size_t interface, size_t class);

#endif
