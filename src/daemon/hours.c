/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/hours.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "util/log.h"

/* time(2), by which everybody judges, may be a tick of the kernel behind the timer. */
#define LATE_NS 20000000

static long offset_of(time_t at)
{
	struct tm tm;
	return localtime_r(&at, &tm) ? tm.tm_gmtoff : 0;
}

/* The first second behind `from` that has another offset; the one of `to` is another one. */
static time_t find_change(time_t from, time_t to)
{
	long before = offset_of(from);
	while (to - from > 1) {
		time_t middle = from + (to - from) / 2;
		if (offset_of(middle) == before)
			from = middle;
		else
			to = middle;
	}
	return to;
}

time_t hours_next(const struct schedule *schedule, time_t now)
{
	struct tm tm;
	if (!localtime_r(&now, &tm))
		return 0;
	unsigned minutes = schedule_next(schedule, (unsigned)(tm.tm_hour * 60 + tm.tm_min));
	time_t next = now - tm.tm_sec + 60 * (time_t)minutes;
	if (!minutes)
		return 0;
	return offset_of(next) == tm.tm_gmtoff ? next : find_change(now, next);
}

/* Workers that judge by the new time come first: what they decide is not looked at again. */
static void judge_again(struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->snapshot->plan->workers; i++)
		worker_forget(daemon->workers[i]);
	if (aftermath_is_on(daemon))
		daemon->aftermath.again = true;
	else
		aftermath_begin(daemon);
}

static int arm(struct hours *hours, const struct schedule *schedule)
{
	struct itimerspec when = {.it_value = {hours_next(schedule, time(NULL)), LATE_NS}};
	return timerfd_settime(hours->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}

static void on_time(struct ev_loop *loop, ev_io *io, int events)
{
	struct daemon *daemon = io->data;
	uint64_t times;
	ssize_t got = read(io->fd, &times, sizeof(times));
	(void)loop;
	(void)events;
	if (got < 0 && errno != ECANCELED)
		return;
	log_info(got < 0 ? "the clock was set: rules that ask for the time are looked at again"
			 : "rules that ask for the time have changed");
	arm(&daemon->hours, ruleset_schedule(daemon->snapshot->ruleset));
	judge_again(daemon);
}

void hours_watch(struct daemon *daemon)
{
	struct hours *hours = &daemon->hours;
	const struct schedule *schedule = ruleset_schedule(daemon->snapshot->ruleset);
	hours_stop(daemon);
	if (!schedule_next(schedule, 0))
		return;
	hours->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (hours->fd < 0 || arm(hours, schedule)) {
		log_warning("rules that ask for the time do not reach living connections: %s",
			    strerror(errno));
		if (hours->fd >= 0)
			close(hours->fd);
		return;
	}
	ev_io_init(&hours->io, on_time, hours->fd, EV_READ);
	hours->io.data = daemon;
	ev_io_start(daemon->loop, &hours->io);
}

void hours_stop(struct daemon *daemon)
{
	struct hours *hours = &daemon->hours;
	if (!ev_is_active(&hours->io))
		return;
	ev_io_stop(daemon->loop, &hours->io);
	close(hours->fd);
}
