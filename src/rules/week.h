/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times of the day and days of the week as they are written. */
#ifndef RULES_WEEK_H
#define RULES_WEEK_H

#include <stddef.h>
#include <stdint.h>

#define DAYS_PER_WEEK 7

/* Reads `22:00` or `6:30`, a whole text; minutes of the day. 0 or -EINVAL. */
int week_minute_parse(const char *text, uint64_t *ret_minute);

/* Reads `sat` or `saturday`; 0 is Sunday, as in struct tm. 0 or -EINVAL. */
int week_day_parse(const char *text, uint64_t *ret_day);

/* `sun` … `sat`. */
const char *week_day_text(unsigned day);

/* The day that a wrong text may have meant: `sat` for `Sat`, `sunday` for `sonday`; or NULL. */
const char *week_day_nearest(const char *wrong);

#endif
