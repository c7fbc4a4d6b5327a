/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/remark.h"

#include <errno.h>
#include <nfshaper/mark.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/living.h"
#include "daemon/living_owner.h"
#include "kernel/conntrack_update.h"
#include "util/alloc.h"
#include "util/clock.h"

/* For the owners of all connections together, which are waited for. */
#define OWNERS_NS 10000000000ull
#define OWNERS_AT_START_NS 1000000000ull /* the table waits meanwhile */

/* What the thread works with. */
struct work {
	struct remark *remark;
	struct host host;
	struct clock clock;
	struct local_time now; /* one for all */
	struct geo_cache *geo_cache;
	struct living_owners owners;
	uint32_t *steps;
	struct conntrack_updates *updates;
};

/* Only one thread writes them. */
static void count(_Atomic uint64_t *figure)
{
	uint64_t value = atomic_load_explicit(figure, memory_order_relaxed);
	atomic_store_explicit(figure, value + 1, memory_order_relaxed);
}

/* It is still a decision of these rules' classes. */
static bool has_meaning(const struct plan *plan, uint32_t id)
{
	for (size_t i = 0; i < plan->n_own_ids; i++)
		if (plan->ids.items[i].id == id)
			return plan->ids.items[i].kind != OUTCOME_CALL;
	return false;
}

/*
 * Its owner is looked up where the rules depend on it, level by level. Where its socket is no more,
 * what was decided when there was one is better than what can be said now.
 */
static struct judgement judge_facts(struct work *work, const struct connection *connection,
				    struct facts *facts, uint32_t id)
{
	const struct snapshot *snapshot = work->remark->snapshot;
	/* One that was expected is judged as the one that expected it. */
	const struct owner_query query = connection->has_master
						 ? living_query(facts->packet, facts->direction)
						 : living_own_query(connection, facts->direction);
	struct owner owner;
	struct judgement judgement = rejudge(snapshot, facts, id, work->steps);
	while (judgement.wants && living_owner(&work->owners, &query, judgement.wants, &owner)) {
		if (!owner.has_uid && !owner.has_pid && has_meaning(snapshot->plan, id))
			return (struct judgement){.id = id};
		facts->owner = &owner;
		judgement = rejudge(snapshot, facts, id, work->steps);
	}
	return judgement;
}

static uint32_t judge(struct work *work, const struct connection *connection, uint32_t id)
{
	struct remark *remark = work->remark;
	struct packet packet;
	enum direction direction;
	if (!living_packet(&work->host, connection, &packet, &direction))
		return 0;
	struct facts facts = rejudge_facts(remark->snapshot, &packet, direction);
	facts.now = work->now;
	facts.geo_cache = work->geo_cache;
	struct judgement judgement =
		judge_facts(work, connection, &facts, remark->ids_are_void ? 0 : id);
	if (judgement.is_open)
		count(&remark->undecided);
	return judgement.id;
}

static void visit(const struct connection *connection, void *data)
{
	struct work *work = data;
	struct remark *remark = work->remark;
	uint32_t mask = remark->snapshot->plan->mark_mask;
	uint32_t before = (connection->mark & mask) >> nfshaper_mask_shift(mask);
	if (atomic_load_explicit(&remark->is_cancelled, memory_order_relaxed))
		return;
	uint32_t after = judge(work, connection, before);
	count(&remark->seen);
	if (after == before)
		return;
	conntrack_update_mark(work->updates, connection, nfshaper_mark(mask, after), mask);
	count(&remark->changed);
}

static int go_through(struct work *work, struct nl_error *error)
{
	int result = host_read(&work->host, error);
	if (!result)
		result = conntrack_dump(visit, work, error);
	int finished = conntrack_updates_finish(work->updates);
	if (!result && finished) {
		*error = (struct nl_error){.code = finished, .what = "change conntrack marks"};
		result = finished;
	}
	return result;
}

static int work_through(struct remark *remark)
{
	const struct snapshot *snapshot = remark->snapshot;
	struct work work = {
		.remark = remark,
		.updates = conntrack_updates_new(),
		.owners = {.owners = remark->owners,
			   .budget_ns = remark->owners_ns,
			   .is_cancelled = &remark->is_cancelled},
	};
	int result = work.updates ? 0 : -errno;
	uint64_t total = 0;
	if (result)
		remark->error = (struct nl_error){.code = result, .what = "open netlink socket"};
	work.now = *clock_local(&work.clock, time(NULL));
	work.geo_cache = geo_cache_new();
	work.steps = xcalloc(snapshot->n_throttle_rules, sizeof(*work.steps));
	if (conntrack_total(&total) == 0)
		atomic_store(&remark->total, total);
	if (!result)
		result = go_through(&work, &remark->error);
	free(work.steps);
	living_owners_fini(&work.owners);
	geo_cache_free(work.geo_cache);
	host_fini(&work.host);
	conntrack_updates_free(work.updates);
	atomic_store(&remark->duration_ns, clock_monotonic_ns() - remark->started_ns);
	return result;
}

static void begin(struct remark *remark, const struct snapshot *snapshot, struct owners *owners,
		  bool ids_are_void)
{
	remark->snapshot = snapshot;
	remark->owners = owners;
	remark->ids_are_void = ids_are_void;
	remark->started_ns = clock_monotonic_ns();
	remark->error = (struct nl_error){0};
	remark->duration_ns = remark->total = remark->seen = 0;
	remark->changed = remark->undecided = 0;
	remark->is_cancelled = false;
}

int remark_run(struct remark *remark, const struct snapshot *snapshot, struct owners *owners,
	       bool ids_are_void)
{
	begin(remark, snapshot, owners, ids_are_void);
	remark->owners_ns = OWNERS_AT_START_NS;
	return work_through(remark);
}

static void *run(void *data)
{
	struct remark *remark = data;
	work_through(remark);
	ev_async_send(remark->loop, &remark->over);
	return NULL;
}

static void end(struct remark *remark)
{
	if (remark->has_thread)
		pthread_join(remark->thread, NULL);
	ev_async_stop(remark->loop, &remark->over);
	remark->is_running = false;
}

static void on_over(struct ev_loop *loop, ev_async *async, int events)
{
	struct remark *remark = async->data;
	(void)loop;
	(void)events;
	end(remark);
	remark->done(remark->data);
}

static int start_thread(struct remark *remark)
{
	/* Signals are the main thread's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&remark->thread, NULL, run, remark);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

void remark_start(struct remark *remark, const struct snapshot *snapshot, struct owners *owners,
		  struct ev_loop *loop, remark_done *done, void *data)
{
	begin(remark, snapshot, owners, false);
	remark->owners_ns = OWNERS_NS;
	remark->loop = loop;
	remark->done = done;
	remark->data = data;
	remark->is_running = true;
	ev_async_init(&remark->over, on_over);
	remark->over.data = remark;
	ev_async_start(loop, &remark->over);
	int error = start_thread(remark);
	remark->has_thread = error == 0;
	if (error) {
		remark->error = (struct nl_error){.code = error, .what = "starting a thread"};
		ev_async_send(loop, &remark->over);
	}
}

void remark_stop(struct remark *remark)
{
	if (!remark->is_running)
		return;
	atomic_store(&remark->is_cancelled, true);
	end(remark);
}

static const char *state_text(const struct remark *remark)
{
	if (!remark->started_ns)
		return "none";
	if (remark->is_running)
		return "running";
	return remark->error.code ? "failed" : "done";
}

char *remark_error_text(const struct remark *remark)
{
	const struct nl_error *error = &remark->error;
	return xasprintf("at %s: %s%s%s", error->what ? error->what : "conntrack",
			 strerror(-error->code), error->message[0] ? ": " : "", error->message);
}

json_t *remark_json(const struct remark *remark)
{
	bool has_failed = !remark->is_running && remark->error.code;
	char *error = has_failed ? remark_error_text(remark) : NULL;
	uint64_t ns = remark->is_running ? clock_monotonic_ns() - remark->started_ns
					 : atomic_load(&remark->duration_ns);
	json_t *json =
		json_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:s?}", "state", state_text(remark),
			  "total", (json_int_t)atomic_load(&remark->total), "seen",
			  (json_int_t)atomic_load(&remark->seen), "changed",
			  (json_int_t)atomic_load(&remark->changed), "undecided",
			  (json_int_t)atomic_load(&remark->undecided), "seconds", (double)ns / 1e9,
			  "error", error);
	free(error);
	return json;
}
