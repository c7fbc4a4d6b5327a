/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/log.h"

/* Once a second, as many of each throttle: half a millisecond at most for each. */
#define TIDY_PERIOD_S 1.0
#define TIDY_STEPS 2000

/* On the thread of the session file. */
static void report_session_file(void *context, bool is_error, const char *message)
{
	(void)context;
	if (is_error)
		log_warning("%s", message);
	else
		log_info("%s", message);
}

/* What cannot be kept of the sessions is a message: throttling goes on without. */
static void load_sessions(struct daemon *daemon)
{
	const struct snapshot *snapshot = daemon->snapshot;
	const char *state_dir = daemon->options->state_dir;
	struct session_time now;
	char *message = NULL;
	session_time_now(&now);
	if (session_file_load(state_dir, snapshot->throttles, snapshot->list.count, &now, &message))
		log_warning("%s", message);
	free(message);
	int error = session_file_start(state_dir, report_session_file, NULL, &daemon->session_file);
	if (error)
		log_warning("sessions of throttles will not outlast the daemon: %s",
			    strerror(-error));
	else
		session_file_set_throttles(daemon->session_file, snapshot->throttles,
					   snapshot->list.count);
}

int sessions_open(struct daemon *daemon)
{
	int error = snapshot_open(daemon->snapshot, NULL);
	if (error)
		log_error("the tables of sessions cannot be made: %s", strerror(-error));
	else
		load_sessions(daemon);
	return error;
}

static void on_tidy(struct ev_loop *loop, ev_timer *timer, int events)
{
	const struct daemon *daemon = timer->data;
	uint64_t now_ns = clock_monotonic_ns();
	(void)loop;
	(void)events;
	for (size_t i = 0; i < daemon->snapshot->list.count; i++)
		throttle_tidy(daemon->snapshot->throttles[i], now_ns, TIDY_STEPS);
}

void sessions_watch(struct daemon *daemon)
{
	ev_timer_init(&daemon->tidy_timer, on_tidy, TIDY_PERIOD_S, TIDY_PERIOD_S);
	daemon->tidy_timer.data = daemon;
	ev_timer_start(daemon->loop, &daemon->tidy_timer);
}

void sessions_close(struct daemon *daemon)
{
	if (ev_is_active(&daemon->tidy_timer))
		ev_timer_stop(daemon->loop, &daemon->tidy_timer);
	session_file_stop(daemon->session_file);
	daemon->session_file = NULL;
}
