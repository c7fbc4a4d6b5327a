/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The classes on the interfaces of a plan, as interfaces come and go. */
#ifndef DAEMON_SHAPING_H
#define DAEMON_SHAPING_H

#include <ev.h>
#include <stdbool.h>

#include "engine/plan.h"
#include "kernel/link.h"
#include "kernel/shaper_monitor.h"

struct shaping {
	const struct plan *plan; /* borrowed: must outlive the shaping */
	unsigned *ifindexes;     /* of the devices that come and go, one for each of the plan's
				    interfaces; 0: not shaped */
	bool *is_fresh;          /* it had no qdisc of nfshaper before */
	struct link_monitor *links;
	ev_io link_io;
	struct shaper_monitor *qdiscs;
	ev_io qdisc_io;
	ev_timer tidy_timer;
	unsigned tidy_rounds; /* that the timer has had */
};

/*
 * Shapes every interface of the plan that is there. 0, or a negative errno with *ret_why a
 * sentence, to be freed by the caller; then no interface has a qdisc that it did not have before,
 * but one that was nfshaper's before may have been changed: shaping_repair() on the old shaping.
 */
int shaping_start(struct shaping *shaping, const struct plan *plan, char **ret_why);

/* From now on, an interface that appears is shaped, and what somebody else changes of that is put
 * back. */
void shaping_watch(struct shaping *shaping, struct ev_loop *loop);

/*
 * Removes what the plan does not have: qdiscs on other interfaces, whoever put them there, and
 * classes, these as soon as no packet waits in them any more. Nothing may be sent to them
 * meanwhile.
 */
void shaping_tidy(struct shaping *shaping, struct ev_loop *loop);

/* Puts everything on the interfaces that are there as the plan has it. */
void shaping_repair(struct shaping *shaping);

/* Ends a shaping that is not to be after all: removes the qdiscs that it put there afresh. */
void shaping_undo(struct shaping *shaping, struct ev_loop *loop);

/* Ends a shaping; what it has put on the interfaces stays for another one. */
void shaping_end(struct shaping *shaping, struct ev_loop *loop);

/* Ends a shaping and removes all qdiscs of nfshaper. */
void shaping_stop(struct shaping *shaping, struct ev_loop *loop);

#endif
