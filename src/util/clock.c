/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/clock.h"

const struct local_time *clock_local(struct clock *clock, time_t now_s)
{
	struct tm tm;
	if (now_s >= clock->from && now_s < clock->until)
		return &clock->now;
	clock->now = (struct local_time){0};
	clock->from = clock->until = now_s;
	if (!localtime_r(&now_s, &tm))
		return &clock->now;
	/* Offsets of zones are whole minutes today; a leap second makes the last minute longer. */
	int second = tm.tm_sec < 60 ? tm.tm_sec : 59;
	clock->from = now_s - second;
	clock->until = clock->from + 60;
	clock->now = (struct local_time){
		.has_minute = true,
		.has_weekday = true,
		.minute = (uint16_t)(tm.tm_hour * 60 + tm.tm_min),
		.weekday = (uint8_t)tm.tm_wday,
	};
	return &clock->now;
}

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
