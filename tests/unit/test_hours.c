/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When rules that ask for the time change: minutes of the day, and seconds in a time zone. */
#include "rules_fixture.h"

#include <stdlib.h>

#include "daemon/hours.h"

/* 2026-03-29, a Sunday: in Berlin the clock goes from 02:00 to 03:00 at 01:00 UTC. */
#define SPRING INT64_C(1774742400) /* 00:00 UTC */
/* 2026-10-25: from 03:00 back to 02:00 at 01:00 UTC. */
#define AUTUMN INT64_C(1792886400) /* 00:00 UTC */
#define HOUR 3600
#define AT(hour, minute) ((hour)*60 + (minute))

static struct schedule schedule_of(const char *text)
{
	struct schedule schedule = {0};
	struct condition *condition = expression(text);
	schedule_add(&schedule, condition);
	condition_free(condition);
	return schedule;
}

static unsigned next(const char *text, unsigned minute)
{
	struct schedule schedule = schedule_of(text);
	return schedule_next(&schedule, minute);
}

static void test_minutes(void **state)
{
	(void)state;
	assert_int_equal(next("time in 22:00-06:00", AT(12, 0)), AT(10, 0));
	assert_int_equal(next("time in 22:00-06:00", AT(22, 0)), AT(8, 1));
	assert_int_equal(next("time in 22:00-06:00", AT(6, 0)), 1);
	assert_int_equal(next("time in 22:00-06:00", AT(6, 1)), AT(15, 59));
	assert_int_equal(next("not time != 12:30", AT(12, 29)), 1);
	assert_int_equal(next("not time != 12:30", AT(12, 30)), 1);
	assert_int_equal(next("not time != 12:30", AT(12, 31)), AT(23, 59));
	assert_int_equal(next("dport == 1 or (time < 08:00 and weekday == mon)", AT(0, 0)),
			 AT(8, 0));
	assert_int_equal(next("dport == 1 or (time < 08:00 and weekday == mon)", AT(8, 0)),
			 AT(16, 0));
	assert_int_equal(next("weekday in [sat, sun]", AT(0, 0)), AT(24, 0));
	assert_int_equal(next("weekday in [sat, sun]", AT(23, 59)), 1);
	assert_int_equal(next("dport == 1320", AT(0, 0)), 0);
}

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static time_t next_second(const char *text, time_t now)
{
	struct schedule schedule = schedule_of(text);
	return hours_next(&schedule, now);
}

static void test_seconds(void **state)
{
	(void)state;
	set_zone("UTC0");
	assert_int_equal(next_second("time in 22:00-06:00", SPRING), SPRING + 6 * HOUR + 60);
	assert_int_equal(next_second("time in 22:00-06:00", SPRING + 59), SPRING + 6 * HOUR + 60);
	assert_int_equal(next_second("time in 22:00-06:00", SPRING + 6 * HOUR + 60),
			 SPRING + 22 * HOUR);
	assert_int_equal(next_second("dport == 80", SPRING), 0);
	/* An offset that is no whole minute. */
	set_zone("LAB-00:00:30");
	assert_int_equal(next_second("time == 12:00", SPRING), SPRING + 12 * HOUR - 30);
}

/* A change of the offset comes first; from there on it is as on any day. */
static void test_summer_time(void **state)
{
	static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";
	(void)state;
	set_zone(berlin);
	assert_int_equal(next_second("time == 12:00", SPRING), SPRING + HOUR);
	assert_int_equal(next_second("time == 12:00", SPRING + HOUR), SPRING + 10 * HOUR);
	/* Half past two, which there is not, is passed by. */
	assert_int_equal(next_second("time >= 02:30", SPRING), SPRING + HOUR);
	assert_int_equal(next_second("time >= 02:30", SPRING + HOUR), SPRING + 22 * HOUR);
	/* And which there is twice. */
	assert_int_equal(next_second("time >= 02:30", AUTUMN), AUTUMN + 30 * 60);
	assert_int_equal(next_second("time >= 02:30", AUTUMN + 30 * 60), AUTUMN + HOUR);
	assert_int_equal(next_second("time >= 02:30", AUTUMN + HOUR), AUTUMN + 90 * 60);
	/* Before the change. */
	assert_int_equal(next_second("time == 01:30", SPRING), SPRING + 30 * 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minutes),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_summer_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
