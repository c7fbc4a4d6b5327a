/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/watchdog.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/notify.h"
#include "daemon/worker.h"
#include "util/alloc.h"

#define ASKS_PER_PERIOD 4 /* one that comes late is no harm */

bool watchdog_all_turned(uint64_t *seen, const uint64_t *turns, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (turns[i] == seen[i])
			return false;
	memcpy(seen, turns, count * sizeof(*seen));
	return true;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct watchdog *watchdog = timer->data;
	uint64_t *turns = xcalloc(watchdog->n_workers, sizeof(*turns));
	(void)loop;
	(void)events;
	for (unsigned i = 0; i < watchdog->n_workers; i++)
		turns[i] = worker_turns(watchdog->workers[i]);
	if (watchdog_all_turned(watchdog->seen, turns, watchdog->n_workers))
		notify_send("WATCHDOG=1");
	free(turns);
	for (unsigned i = 0; i < watchdog->n_workers; i++)
		worker_wake(watchdog->workers[i]);
}

void watchdog_watch(struct watchdog *watchdog, struct worker *const *workers, unsigned n_workers,
		    struct ev_loop *loop)
{
	double period_s = (double)notify_watchdog_us() / 1e6;
	*watchdog = (struct watchdog){.workers = workers, .n_workers = n_workers};
	if (period_s <= 0)
		return;
	watchdog->seen = xcalloc(n_workers, sizeof(*watchdog->seen));
	ev_timer_init(&watchdog->timer, on_timer, 0., period_s / ASKS_PER_PERIOD);
	watchdog->timer.data = watchdog;
	ev_timer_start(loop, &watchdog->timer);
}

void watchdog_stop(struct watchdog *watchdog, struct ev_loop *loop)
{
	ev_timer_stop(loop, &watchdog->timer);
	free(watchdog->seen);
	watchdog->seen = NULL;
}
