/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that ask for the time: when such a test begins or ceases to hold, living connections are
 * judged again. A timer waits for the next minute at which one changes, and also notices that
 * somebody sets the clock (TFD_TIMER_CANCEL_ON_SET, timerfd_create(2)).
 */
#ifndef DAEMON_HOURS_H
#define DAEMON_HOURS_H

#include <ev.h>
#include <time.h>

#include "rules/schedule.h"

struct daemon;

struct hours {
	int fd; /* of the timer; only valid while the watcher is active */
	ev_io io;
};

/*
 * Seconds since 1970 of the next minute behind `now` at which a test of the schedule changes in
 * local time, or of the next change of the zone's offset where that comes before: what would be at
 * 02:30 is to be looked at then. 0 where nothing ever changes. As tzset(3) read the zone.
 */
time_t hours_next(const struct schedule *schedule, time_t now);

/* Waits for what the rules in force ask for; ends what was waited for before. */
void hours_watch(struct daemon *daemon);
void hours_stop(struct daemon *daemon);

#endif
