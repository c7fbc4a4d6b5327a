/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What went wrong on the packet path, which itself logs nothing: its counters are looked at now and
 * then, and one message says what they have grown by.
 */
#ifndef DAEMON_LOSSES_H
#define DAEMON_LOSSES_H

#include <ev.h>

#include "daemon/queue_sums.h"

struct daemon;

struct losses {
	ev_timer timer;
	struct queue_sums told; /* up to here */
};

void losses_watch(struct daemon *daemon);
void losses_stop(struct daemon *daemon);

/* What `now` has more than `before`, as a text to be freed by the caller; NULL where that is
 * nothing to tell. */
char *losses_text(const struct queue_sums *before, const struct queue_sums *now);

#endif
