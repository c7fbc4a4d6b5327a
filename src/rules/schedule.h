/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When rules may begin or cease to match by themselves: the minutes of the day at which a test of
 * `time` or `weekday` changes. */
#ifndef RULES_SCHEDULE_H
#define RULES_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/condition.h"
#include "util/clock.h"

#define SCHEDULE_WORDS ((MINUTES_PER_DAY + 63) / 64)

struct schedule {
	uint64_t changes[SCHEDULE_WORDS]; /* a bit for each minute; begins as zero */
};

void schedule_add(struct schedule *schedule, const struct condition *condition);

/*
 * Minutes from `minute` of a day until the next one at which something changes: 1 … 1440, as if no
 * day were longer or shorter; 0 where nothing ever does.
 */
unsigned schedule_next(const struct schedule *schedule, unsigned minute);

#endif
