/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/netstat_list.h"
#include "rules/condition.h"
#include "util/alloc.h"

#define INTERVAL_MAX_MS 60000

struct netstat_job {
	struct netstat *netstat;
	struct snapshot *snapshot; /* held */
	struct ids ids;            /* its own: old ids of the plan go while it works */
	struct condition *condition;
	struct control_request *request;
	unsigned interval_ms;
	pthread_t thread;
	_Atomic bool is_over;
	_Atomic bool is_cancelled;
};

static void *run(void *data)
{
	struct netstat_job *job = data;
	const struct netstat_options options = {
		.snapshot = job->snapshot,
		.ids = &job->ids,
		.condition = job->condition,
		.interval_ms = job->interval_ms,
		.is_cancelled = &job->is_cancelled,
	};
	char *why = NULL;
	char *list = netstat_list(&options, &why);
	if (list)
		control_answer_text(job->request, list);
	else
		control_fail(job->request, "%s", why);
	free(why);
	atomic_store(&job->is_over, true);
	ev_async_send(job->netstat->loop, &job->netstat->over);
	return NULL;
}

static void free_job(struct netstat_job *job)
{
	condition_free(job->condition);
	ids_fini(&job->ids);
	snapshot_free(job->snapshot);
	free(job);
}

static void end_job(struct netstat_job *job)
{
	pthread_join(job->thread, NULL);
	free_job(job);
}

static void on_over(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct netstat *netstat = watcher->data;
	(void)loop;
	(void)events;
	for (unsigned i = 0; i < NETSTAT_JOBS_MAX; i++) {
		if (!netstat->jobs[i] || !atomic_load(&netstat->jobs[i]->is_over))
			continue;
		end_job(netstat->jobs[i]);
		netstat->jobs[i] = NULL;
	}
}

void netstat_watch(struct netstat *netstat, struct ev_loop *loop)
{
	netstat->loop = loop;
	ev_async_init(&netstat->over, on_over);
	netstat->over.data = netstat;
	ev_async_start(loop, &netstat->over);
}

void netstat_stop(struct netstat *netstat)
{
	for (unsigned i = 0; i < NETSTAT_JOBS_MAX; i++)
		if (netstat->jobs[i])
			atomic_store(&netstat->jobs[i]->is_cancelled, true);
	for (unsigned i = 0; i < NETSTAT_JOBS_MAX; i++) {
		if (netstat->jobs[i])
			end_job(netstat->jobs[i]);
		netstat->jobs[i] = NULL;
	}
	if (netstat->loop)
		ev_async_stop(netstat->loop, &netstat->over);
}

/* The expression of the request; false where it is wrong, and the request answered. */
static bool take_expression(struct control_request *request, const char *text,
			    const struct config *config, struct condition **ret_condition)
{
	struct fault fault = {0};
	*ret_condition = NULL;
	if (!text || !*text)
		return true;
	struct named_sets *sets = named_sets_new(config);
	*ret_condition = condition_new_for_listing(text, sets, &fault);
	named_sets_free(sets);
	if (!*ret_condition)
		control_answer(request,
			       json_pack("{s:{s:I, s:s}}", "fault", "offset",
					 (json_int_t)fault.offset, "message", fault.message));
	fault_fini(&fault);
	return *ret_condition != NULL;
}

static int start(struct netstat_job *job)
{
	/* Signals are the main thread's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&job->thread, NULL, run, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static struct netstat_job *new_job(struct netstat *netstat, struct snapshot *snapshot,
				   struct control_request *request)
{
	struct netstat_job *job = xcalloc(1, sizeof(*job));
	job->netstat = netstat;
	job->request = request;
	job->snapshot = snapshot_hold(snapshot);
	for (size_t i = 0; i < snapshot->plan->ids.count; i++)
		ids_add(&job->ids, &snapshot->plan->ids.items[i]);
	return job;
}

static unsigned free_place(const struct netstat *netstat)
{
	unsigned place = 0;
	while (place < NETSTAT_JOBS_MAX && netstat->jobs[place])
		place++;
	return place;
}

void netstat_take(struct netstat *netstat, struct snapshot *snapshot,
		  struct control_request *request)
{
	json_int_t interval_ms = 0;
	const char *expression = NULL;
	struct condition *condition;
	unsigned place = free_place(netstat);
	if (json_unpack(control_members(request), "{s?s, s?I}", "expression", &expression,
			"interval_ms", &interval_ms) ||
	    interval_ms < 0 || interval_ms > INTERVAL_MAX_MS) {
		control_fail(request, "`interval_ms` is a number of milliseconds, at most %u",
			     INTERVAL_MAX_MS);
		return;
	}
	if (place == NETSTAT_JOBS_MAX) {
		control_fail(request, "%u others list the connections now; try again later",
			     NETSTAT_JOBS_MAX);
		return;
	}
	if (!take_expression(request, expression, snapshot->config, &condition))
		return;
	struct netstat_job *job = new_job(netstat, snapshot, request);
	job->condition = condition;
	job->interval_ms = (unsigned)interval_ms;
	int error = start(job);
	if (!error) {
		netstat->jobs[place] = job;
		return;
	}
	control_fail(request, "a thread could not be started: %s", strerror(error));
	free_job(job);
}
