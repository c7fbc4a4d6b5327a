/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/session_file.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "util/alloc.h"

#define PERIOD_S 1

struct session_file {
	struct session_writer *writer;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_stopping;
};

/* False: it is time to end. From round to round, so that a long one does not push the next. */
static bool wait_until(struct session_file *file, const struct timespec *next)
{
	pthread_mutex_lock(&file->lock);
	int error = 0;
	while (!file->is_stopping && !error)
		error = pthread_cond_timedwait(&file->wake, &file->lock, next);
	bool goes_on = !file->is_stopping;
	pthread_mutex_unlock(&file->lock);
	return goes_on;
}

static void *run(void *argument)
{
	struct session_file *file = argument;
	struct timespec next, now;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		next.tv_sec += PERIOD_S;
		if (!wait_until(file, &next))
			return NULL;
		session_writer_round(file->writer);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > next.tv_sec)
			next = now;
	}
}

static int start_thread(struct session_file *file)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&file->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&file->lock, NULL);
	/* Signals are the control thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = -pthread_create(&file->thread, NULL, run, file);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static void file_free(struct session_file *file)
{
	session_writer_free(file->writer);
	pthread_cond_destroy(&file->wake);
	pthread_mutex_destroy(&file->lock);
	free(file);
}

int session_file_start(const char *state_dir, session_report report, void *context,
		       struct session_file **ret_file)
{
	struct session_writer_options options = {
		.state_dir = state_dir,
		.clock = session_time_update,
		.report = report,
		.context = context,
	};
	session_time_now(&options.now);
	struct session_file *file = xcalloc(1, sizeof(*file));
	file->writer = session_writer_new(&options);
	int error = start_thread(file);
	if (error) {
		file_free(file);
		return error;
	}
	*ret_file = file;
	return 0;
}

void session_file_set_throttles(struct session_file *file, struct throttle *const *throttles,
				size_t count)
{
	session_writer_set(file->writer, throttles, count);
}

void session_file_stop(struct session_file *file)
{
	if (!file)
		return;
	pthread_mutex_lock(&file->lock);
	file->is_stopping = true;
	pthread_cond_signal(&file->wake);
	pthread_mutex_unlock(&file->lock);
	pthread_join(file->thread, NULL);
	file_free(file);
}
