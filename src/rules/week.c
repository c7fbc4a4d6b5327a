/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/week.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "util/text.h"

static const char *const days[] = {
	"sun",    "mon",    "tue",     "wed",       "thu",      "fri",    "sat",
	"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(COUNT(days) == 2 * DAYS_PER_WEEK, "short and long names");

int week_minute_parse(const char *text, uint64_t *ret_minute)
{
	size_t digits = strspn(text, "0123456789");
	const char *minutes = text + digits + 1;
	if (digits < 1 || digits > 2 || text[digits] != ':' ||
	    !isdigit((unsigned char)minutes[0]) || !isdigit((unsigned char)minutes[1]) ||
	    minutes[2] != '\0')
		return -EINVAL;
	unsigned hour = (unsigned)(text[digits - 1] - '0');
	if (digits == 2)
		hour += 10 * (unsigned)(text[0] - '0');
	unsigned minute = 10 * (unsigned)(minutes[0] - '0') + (unsigned)(minutes[1] - '0');
	if (hour > 23 || minute > 59)
		return -EINVAL;
	*ret_minute = hour * 60 + minute;
	return 0;
}

int week_day_parse(const char *text, uint64_t *ret_day)
{
	for (size_t i = 0; i < COUNT(days); i++) {
		if (strcmp(text, days[i]) == 0) {
			*ret_day = i % DAYS_PER_WEEK;
			return 0;
		}
	}
	return -EINVAL;
}

const char *week_day_text(unsigned day)
{
	return days[day % DAYS_PER_WEEK];
}

const char *week_day_nearest(const char *wrong)
{
	for (size_t i = 0; i < COUNT(days); i++)
		if (strcasecmp(wrong, days[i]) == 0)
			return days[i];
	/* Of the short names any is near to any. */
	return text_nearest(wrong, days + DAYS_PER_WEEK, DAYS_PER_WEEK);
}
