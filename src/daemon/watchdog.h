/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telling the service manager that the daemon lives: the control loop by asking, and every worker
 * by answering. Each worker is woken some times in a period; only when all have turned since, the
 * watchdog is fed, so that one that hangs has the daemon restarted.
 */
#ifndef DAEMON_WATCHDOG_H
#define DAEMON_WATCHDOG_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct worker;

struct watchdog {
	ev_timer timer;
	struct worker *const *workers; /* borrowed */
	unsigned n_workers;
	uint64_t *seen; /* turns of each when it was asked last */
};

/* From now on, where the service manager wants it. */
void watchdog_watch(struct watchdog *watchdog, struct worker *const *workers, unsigned n_workers,
		    struct ev_loop *loop);
void watchdog_stop(struct watchdog *watchdog, struct ev_loop *loop);

/* True where each of `turns` is another one than in `seen`, which then takes them over. */
bool watchdog_all_turned(uint64_t *seen, const uint64_t *turns, unsigned count);

#endif
