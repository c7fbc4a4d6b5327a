/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/schedule.h"

/* A second change at the same minute undoes the first: a range that goes over midnight is two. */
static void toggle(struct schedule *schedule, uint64_t minute)
{
	minute %= MINUTES_PER_DAY;
	schedule->changes[minute / 64] ^= (uint64_t)1 << minute % 64;
}

static void add_predicate(struct schedule *schedule, const struct predicate *predicate)
{
	struct schedule own = {0};
	if (predicate->kind != PREDICATE_NUMBERS)
		return;
	if (predicate->attribute == ATTR_WEEKDAY)
		toggle(&own, 0);
	for (size_t i = 0; predicate->attribute == ATTR_TIME && i < predicate->numbers.count; i++) {
		toggle(&own, predicate->numbers.ranges[i].first);
		toggle(&own, predicate->numbers.ranges[i].last + 1);
	}
	for (size_t i = 0; i < SCHEDULE_WORDS; i++)
		schedule->changes[i] |= own.changes[i];
}

/* As deep as the parsed tree, which EXPR_DEPTH_MAX bounds. */
void schedule_add(struct schedule *schedule, const struct condition *condition)
{
	if (condition->kind == EXPR_TEST)
		add_predicate(schedule, &condition->predicate);
	for (size_t i = 0; i < condition->n_children; i++)
		schedule_add(schedule, &condition->children[i]);
}

unsigned schedule_next(const struct schedule *schedule, unsigned minute)
{
	for (unsigned ahead = 1; ahead <= MINUTES_PER_DAY; ahead++) {
		unsigned at = (minute + ahead) % MINUTES_PER_DAY;
		if (schedule->changes[at / 64] >> at % 64 & 1)
			return ahead;
	}
	return 0;
}
