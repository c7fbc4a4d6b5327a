/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local time as the time zone says, and no other whatever was asked before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util/clock.h"

/* 2026-03-29, a Sunday: in Berlin the clock goes from 02:00 to 03:00 at 01:00 UTC. */
#define SUNDAY INT64_C(1774742400) /* 00:00 UTC */

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void assert_time(struct clock *clock, time_t now_s, unsigned weekday, unsigned hour,
			unsigned minute)
{
	const struct local_time *now = clock_local(clock, now_s);
	assert_true(now->has_minute && now->has_weekday);
	assert_int_equal(now->weekday, weekday);
	assert_int_equal(now->minute, hour * 60 + minute);
}

static void test_utc(void **state)
{
	struct clock clock = {0};
	(void)state;
	set_zone("UTC0");
	assert_time(&clock, SUNDAY, 0, 0, 0);
	assert_time(&clock, SUNDAY + 59, 0, 0, 0);
	assert_time(&clock, SUNDAY + 60, 0, 0, 1);
	assert_time(&clock, SUNDAY - 1, 6, 23, 59);
	assert_time(&clock, SUNDAY + 86399, 0, 23, 59);
	assert_time(&clock, SUNDAY + 86400, 1, 0, 0);
	assert_time(&clock, 0, 4, 0, 0);
}

static void test_summer_time(void **state)
{
	struct clock clock = {0};
	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_time(&clock, SUNDAY + 3599, 0, 1, 59);
	assert_time(&clock, SUNDAY + 3600, 0, 3, 0);
	assert_time(&clock, SUNDAY - 3601, 6, 23, 59);
	assert_time(&clock, SUNDAY - 3600, 0, 0, 0);
}

/* Asked second by second, forward and back, it says what the C library says. */
static void test_against_libc(void **state)
{
	struct clock clock = {0};
	struct tm tm;
	(void)state;
	set_zone("<+0545>-5:45");
	for (time_t s = SUNDAY - 150; s < SUNDAY + 150; s++) {
		assert_non_null(localtime_r(&s, &tm));
		assert_time(&clock, s, (unsigned)tm.tm_wday, (unsigned)tm.tm_hour,
			    (unsigned)tm.tm_min);
	}
	for (time_t s = SUNDAY + 150; s > SUNDAY - 150; s -= 7) {
		assert_non_null(localtime_r(&s, &tm));
		assert_time(&clock, s, (unsigned)tm.tm_wday, (unsigned)tm.tm_hour,
			    (unsigned)tm.tm_min);
	}
}

/* The answer is kept for its minute: that is what makes it cheap enough for each batch. */
static void test_is_kept(void **state)
{
	struct clock clock = {0};
	(void)state;
	set_zone("UTC0");
	assert_time(&clock, SUNDAY + 30, 0, 0, 0);
	assert_int_equal(clock.from, SUNDAY);
	assert_int_equal(clock.until, SUNDAY + 60);
	set_zone("UTC-1");
	assert_time(&clock, SUNDAY + 59, 0, 0, 0);
	assert_time(&clock, SUNDAY + 60, 0, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utc),
		cmocka_unit_test(test_summer_time),
		cmocka_unit_test(test_against_libc),
		cmocka_unit_test(test_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
