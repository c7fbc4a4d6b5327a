/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The classes on the interfaces of the plan, from start to stop, as interfaces come and go. */
#ifndef DAEMON_SHAPING_H
#define DAEMON_SHAPING_H

#include "daemon/daemon.h"

/*
 * Shapes every interface of the plan that is there; one that is not is a warning. 0 or a negative
 * errno after a message; then no interface has a qdisc that it did not have before.
 */
int shaping_start(struct daemon *daemon);

/* From now on, an interface that appears is shaped. Needs daemon->loop. */
void shaping_watch(struct daemon *daemon);

/* After a start that failed: removes what this run put there, keeps what an earlier one left. */
void shaping_undo(struct daemon *daemon);

/* Removes all of nfshaper's qdiscs; the kernel's default ones come back. */
void shaping_stop(struct daemon *daemon);

#endif
