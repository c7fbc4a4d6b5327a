/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/police.h"

#include <stdlib.h>

#include "kernel/table.h"
#include "util/alloc.h"

#define PERIOD_S 1.0
/* Of the newest second: the mean of the last two or three. */
#define WEIGHT 0.5

static void sample_class(struct police *police, size_t interface, size_t class, double seconds)
{
	const struct plan_interface *entry = &police->plan->interfaces[interface];
	struct police_sample *sample = &police->samples[interface][class];
	struct table_police_stats stats;
	if (table_read_police(interface, entry->classes[class].minor, &stats))
		return;
	/* Counters begin anew where somebody removed the table. */
	if (seconds > 0 && stats.bytes >= sample->bytes)
		sample->bps += WEIGHT *
			       (8 * (double)(stats.bytes - sample->bytes) / seconds - sample->bps);
	sample->bytes = stats.bytes;
}

static void sample(struct police *police, ev_tstamp now)
{
	double seconds = police->sampled > 0 ? now - police->sampled : 0;
	for (size_t i = 0; i < police->plan->n_interfaces; i++)
		for (size_t k = 0; police->samples[i] && k < police->plan->interfaces[i].n_classes;
		     k++)
			sample_class(police, i, k, seconds);
	police->sampled = now;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	sample(timer->data, ev_now(loop));
}

void police_watch(struct police *police, const struct plan *plan, struct ev_loop *loop)
{
	bool is_needed = false;
	*police = (struct police){
		.plan = plan,
		.samples = xcalloc(plan->n_interfaces, sizeof(*police->samples)),
	};
	for (size_t i = 0; i < plan->n_interfaces; i++) {
		if (plan->interfaces[i].way != PLAN_POLICE)
			continue;
		police->samples[i] =
			xcalloc(plan->interfaces[i].n_classes, sizeof(**police->samples));
		is_needed = true;
	}
	ev_timer_init(&police->timer, on_timer, PERIOD_S, PERIOD_S);
	police->timer.data = police;
	if (is_needed)
		ev_timer_start(loop, &police->timer);
}

void police_stop(struct police *police, struct ev_loop *loop)
{
	if (!police->samples)
		return;
	ev_timer_stop(loop, &police->timer);
	for (size_t i = 0; i < police->plan->n_interfaces; i++)
		free(police->samples[i]);
	free(police->samples);
	*police = (struct police){0};
}

uint64_t police_now_bps(const struct police *police, size_t interface, size_t class)
{
	if (!police->samples || !police->samples[interface])
		return 0;
	return (uint64_t)police->samples[interface][class].bps;
}
