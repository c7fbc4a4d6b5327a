/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which process had the last sockets of a user, and under which number: a client that makes one
 * connection after the other has the next socket there again, and so it need not be searched. One
 * look at a link of /proc tells, which is exact: a process that was there before a socket has not
 * inherited it. Belongs to whoever has the lock.
 */
#ifndef OWNER_HABITS_H
#define OWNER_HABITS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/procfs.h"
#include "owner/process_facts.h"

#define HABITS_MAX 16 /* of all users */

struct habit {
	uint32_t uid;
	struct procfs_place place;
	struct process_facts *facts; /* a reference; NULL: no more habits */
};

struct habits {
	struct habit last[HABITS_MAX]; /* the newest first */
};

void habits_fini(struct habits *habits);

/* The process had a socket of that user there: it is the newest. Takes a reference of its own. */
void habits_note(struct habits *habits, uint32_t uid, struct procfs_place place,
		 struct process_facts *facts);

/*
 * Copies the habits of that user, the newest first, at most `room`, with a reference each. How many
 * there are.
 */
unsigned habits_of(const struct habits *habits, uint32_t uid, struct habit *ret_habits,
		   unsigned room);

#endif
