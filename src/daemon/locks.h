/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What makes a daemon the only one: for its run directory, and for its network namespace. */
#ifndef DAEMON_LOCKS_H
#define DAEMON_LOCKS_H

#include <stdbool.h>

struct nfqueue;

struct locks {
	int pid_fd;            /* pidfile.h; negative: not taken */
	struct nfqueue *netns; /* netns_lock.h; NULL: not taken */
};

/*
 * Takes both, or logs why not and returns a negative errno; what was taken is given back by
 * locks_release() in any case. A daemon that is just dying is waited for. A child that is forked
 * afterwards has them, too.
 */
int locks_take(struct locks *locks, const char *run_dir);
void locks_release(struct locks *locks, const char *run_dir);

/*
 * For what is busy: a daemon that was killed just now takes a moment to let go of what it holds.
 * Rests shortly; false when there was enough of it, a second in all. *tries begins as 0.
 */
bool locks_wait(unsigned *tries);

#endif
