/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/schedule.h"

static void add_minute(struct schedule *schedule, uint64_t minute)
{
	minute %= MINUTES_PER_DAY;
	schedule->changes[minute / 64] |= (uint64_t)1 << minute % 64;
}

static void add_predicate(struct schedule *schedule, const struct predicate *predicate)
{
	if (predicate->kind != PREDICATE_NUMBERS)
		return;
	if (predicate->attribute == ATTR_WEEKDAY)
		add_minute(schedule, 0);
	if (predicate->attribute != ATTR_TIME)
		return;
	for (size_t i = 0; i < predicate->numbers.count; i++) {
		add_minute(schedule, predicate->numbers.ranges[i].first);
		add_minute(schedule, predicate->numbers.ranges[i].last + 1);
	}
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
