/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The local time as rules ask for it: minute of the day and day of the week. The time zone's rules
 * are asked once a minute, so that a caller may ask for each batch of packets.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define MINUTES_PER_DAY 1440

/* CLOCK_MONOTONIC in nanoseconds: clock steps do not change it. */
uint64_t clock_monotonic_ns(void);

struct local_time {
	bool has_minute;
	bool has_weekday;
	uint16_t minute; /* of the day, 0 … 1439 */
	uint8_t weekday; /* 0 is Sunday, as in struct tm */
};

/* Belongs to one thread. Begins as all zero. */
struct clock {
	time_t from;  /* `now` holds from this second … */
	time_t until; /* … up to, not including, this one */
	struct local_time now;
};

/*
 * The local time at `now_s` (seconds since 1970, time(2)); valid until the next call. Takes the
 * time zone that tzset(3) read last: call that once at start and at each reload. Reads no file.
 */
const struct local_time *clock_local(struct clock *clock, time_t now_s);

#endif
