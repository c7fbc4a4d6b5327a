/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/throttle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "throttle/session_table.h"
#include "throttle/spinlock.h"
#include "util/alloc.h"

#define NS_PER_S 1000000000ull
/* Sessions' times are this much ahead of the clock, so that they reach back before its zero. */
#define AHEAD_NS THROTTLE_PAST_MAX_NS
/* Of the sessions of one bucket, that many are fetched: nearly always all. */
#define FETCH_ROUNDS 3

struct throttle {
	char *tag;
	uint32_t serial;
	unsigned references;
	/* Workers read kind, session and, under a shard's lock, the limits and count. */
	struct throttle_spec spec;
	struct spinlock spec_lock; /* exports may run on another thread than changes */
	_Atomic enum throttle_count count;
	struct session_table *table;
};

struct export
{
	const struct throttle *throttle;
	struct window_limit window;
	uint64_t expire_ns;
	uint64_t now_ns; /* on the sessions' clock */
	throttle_visit visit;
	void *context;
};

struct throttle_spec throttle_spec_default(void)
{
	return (struct throttle_spec){
		.session.fields = SESSION_DEFAULT,
		.max = THROTTLE_MAX_DEFAULT,
		.expire_ns = THROTTLE_EXPIRE_DEFAULT_NS,
	};
}

bool throttle_spec_is_valid(const struct throttle_spec *spec)
{
	if (spec->max < 1 || spec->max > SESSION_STORE_MAX || spec->expire_ns < 1)
		return false;
	switch (spec->kind) {
	case THROTTLE_WINDOW:
		return spec->window.packets >= 1 && spec->window.span_ns >= 1 &&
		       spec->expire_ns >= spec->window.span_ns;
	case THROTTLE_BUCKET:
		return spec->bucket.rate_bytes_per_s >= 1 && spec->bucket.burst_bytes >= 1 &&
		       spec->bucket.burst_bytes <= BUCKET_BURST_MAX_BYTES;
	}
	return false;
}

int throttle_new(const char *tag, uint32_t serial, const struct throttle_spec *spec,
		 struct throttle **ret_throttle)
{
	if (!throttle_spec_is_valid(spec))
		return -EINVAL;
	struct session_table_options options = {
		.key_size = (uint32_t)session_key_size(&spec->session),
		.max = spec->max,
		.buckets = spec->buckets,
		.expire_ns = spec->expire_ns,
	};
	struct session_table *table;
	int error = session_table_new(&options, &table);
	if (error)
		return error;
	struct throttle *throttle = xcalloc(1, sizeof(*throttle));
	spinlock_init(&throttle->spec_lock);
	throttle->tag = xstrdup(tag);
	throttle->serial = serial;
	throttle->references = 1;
	throttle->spec = *spec;
	throttle->count = spec->count;
	throttle->table = table;
	*ret_throttle = throttle;
	return 0;
}

struct throttle *throttle_ref(struct throttle *throttle)
{
	throttle->references++;
	return throttle;
}

void throttle_free(struct throttle *throttle)
{
	if (!throttle || --throttle->references)
		return;
	session_table_free(throttle->table);
	spinlock_fini(&throttle->spec_lock);
	free(throttle->tag);
	free(throttle);
}

const char *throttle_tag(const struct throttle *throttle)
{
	return throttle->tag;
}

uint32_t throttle_serial(const struct throttle *throttle)
{
	return throttle->serial;
}

const struct throttle_spec *throttle_spec(const struct throttle *throttle)
{
	return &throttle->spec;
}

/* The time of the use is the session's own, which never goes back. */
static bool charge_window(struct session *session, const struct window_limit *limit,
			  uint32_t packets)
{
	struct window window = {session->state_ns, session->state_count};
	bool is_within = window_charge(&window, limit, packets, session->used_ns);
	session->state_ns = window.opened_ns;
	session->state_count = window.passed;
	return is_within;
}

/* A bucket is brought up to date at each use, so the time of the last one need not be stored. */
static bool charge_bucket(const struct session_use *use, const struct bucket_limit *limit,
			  uint64_t bytes)
{
	struct bucket bucket = {use->session->state_ns, use->previous_ns};
	bool is_within = bucket_charge(&bucket, limit, bytes, use->session->used_ns);
	use->session->state_ns = bucket.missing;
	return is_within;
}

static bool charge(const struct throttle *throttle, const struct session_use *use, uint32_t packets,
		   uint64_t bytes)
{
	switch (throttle->spec.kind) {
	case THROTTLE_WINDOW:
		return charge_window(use->session, &throttle->spec.window, packets);
	case THROTTLE_BUCKET:
		return charge_bucket(use, &throttle->spec.bucket, bytes);
	}
	return true;
}

void throttle_ticket_make(struct throttle *throttle, const struct facts *facts,
			  struct throttle_ticket *ret_ticket)
{
	session_key_make(&throttle->spec.session, facts, &ret_ticket->key);
	ret_ticket->throttle = throttle;
	ret_ticket->hash = session_table_hash(throttle->table, &ret_ticket->key);
	ret_ticket->hint = 0;
}

void throttle_tickets_fetch(struct throttle_ticket *tickets, unsigned count)
{
	for (struct throttle_ticket *ticket = tickets; ticket < tickets + count; ticket++)
		ticket->hint = session_table_fetch(ticket->throttle->table, ticket->hash);
	for (int round = 0; round < FETCH_ROUNDS; round++) {
		for (struct throttle_ticket *ticket = tickets; ticket < tickets + count; ticket++) {
			if (ticket->hint)
				ticket->hint = session_table_fetch_more(ticket->throttle->table,
									ticket->hint);
		}
	}
}

bool throttle_ticket_charge(const struct throttle_ticket *ticket, uint32_t packets, uint64_t bytes,
			    uint64_t now_ns)
{
	struct throttle *throttle = ticket->throttle;
	struct session_use use;
	if (atomic_load_explicit(&throttle->count, memory_order_relaxed) == THROTTLE_CONNECTIONS)
		packets = 1;
	session_table_acquire(throttle->table, &ticket->key, ticket->hash, now_ns + AHEAD_NS, &use);
	bool is_within = charge(throttle, &use, packets, bytes);
	session_table_release(throttle->table, &use, is_within, packets);
	return is_within;
}

bool throttle_charge(struct throttle *throttle, const struct facts *facts, uint32_t packets,
		     uint64_t bytes, uint64_t now_ns)
{
	struct throttle_ticket ticket;
	throttle_ticket_make(throttle, facts, &ticket);
	return throttle_ticket_charge(&ticket, packets, bytes, now_ns);
}

int throttle_change(struct throttle *throttle, const struct throttle_spec *spec)
{
	struct throttle_spec *now = &throttle->spec;
	if (!throttle_spec_is_valid(spec))
		return -EINVAL;
	if (spec->kind != now->kind || spec->session.fields != now->session.fields ||
	    spec->session.mask != now->session.mask)
		return -ENOTSUP;
	session_table_lock(throttle->table);
	spinlock_lock(&throttle->spec_lock);
	now->window = spec->window;
	now->bucket = spec->bucket;
	spinlock_unlock(&throttle->spec_lock);
	session_table_unlock(throttle->table);
	atomic_store_explicit(&throttle->count, spec->count, memory_order_relaxed);
	session_table_set_limits(throttle->table, spec->max, spec->expire_ns);
	now->count = spec->count;
	now->max = spec->max;
	now->buckets = spec->buckets;
	now->expire_ns = spec->expire_ns;
	return 0;
}

uint32_t throttle_tidy(struct throttle *throttle, uint64_t now_ns, uint32_t steps)
{
	return session_table_expire(throttle->table, now_ns + AHEAD_NS, steps);
}

void throttle_figures(struct throttle *throttle, struct throttle_figures *ret_figures)
{
	struct session_table_figures figures;
	session_table_figures(throttle->table, &figures);
	*ret_figures = (struct throttle_figures){
		.sessions = figures.sessions,
		.max = figures.max,
		.passed = figures.passed,
		.over = figures.over,
		.evicted = figures.evicted,
		.bytes = figures.bytes,
	};
}

/* Workers' clocks may be a little ahead of the caller's. */
static uint64_t ago(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

static void export_window(const struct session *session, const struct window_limit *limit,
			  uint64_t now_ns, struct throttle_session *ret_session)
{
	struct window window = {session->state_ns, session->state_count};
	ret_session->window_left_ns = window_left_ns(&window, limit, now_ns);
	ret_session->window_passed = window.passed;
	ret_session->opened_ago_ns = window.passed ? ago(window.opened_ns, now_ns) : 0;
}

static void export_session(const struct session *session, void *context)
{
	struct export *export = context;
	const struct throttle_spec *spec = &export->throttle->spec;
	struct throttle_session copy = {
		.order = session->sequence,
		.used_ago_ns = ago(session->used_ns, export->now_ns),
		.created_ago_s = ago(session->created_s, export->now_ns / NS_PER_S),
		.passed = session->passed,
		.over = session->over,
	};
	if (copy.used_ago_ns >= export->expire_ns)
		return;
	memcpy(copy.key.bytes, session->key, session_key_size(&spec->session));
	switch (spec->kind) {
	case THROTTLE_WINDOW:
		export_window(session, &export->window, export->now_ns, &copy);
		break;
	case THROTTLE_BUCKET:
		copy.missing = session->state_ns;
		break;
	}
	export->visit(&copy, export->context);
}

static struct export export_begin(struct throttle *throttle, uint64_t now_ns, throttle_visit visit,
				  void *context)
{
	spinlock_lock(&throttle->spec_lock);
	struct window_limit window = throttle->spec.window;
	spinlock_unlock(&throttle->spec_lock);
	return (struct export){
		.throttle = throttle,
		.window = window,
		.expire_ns = session_table_expire_ns(throttle->table),
		.now_ns = now_ns + AHEAD_NS,
		.visit = visit,
		.context = context,
	};
}

bool throttle_export(struct throttle *throttle, uint32_t *cursor, uint32_t steps, uint64_t now_ns,
		     throttle_visit visit, void *context)
{
	struct export export = export_begin(throttle, now_ns, visit, context);
	return session_table_walk(throttle->table, cursor, steps, export_session, &export);
}

bool throttle_export_changed(struct throttle *throttle, uint32_t steps, uint64_t now_ns,
			     throttle_visit visit, void *context)
{
	struct export export = export_begin(throttle, now_ns, visit, context);
	return session_table_walk_changed(throttle->table, steps, export_session, &export);
}

void throttle_skip_changed(struct throttle *throttle)
{
	session_table_skip_changed(throttle->table);
}

bool throttle_has_changed(struct throttle *throttle)
{
	return session_table_has_changed(throttle->table);
}

static uint64_t before(uint64_t now_ns, uint64_t ago_ns)
{
	return now_ns > ago_ns ? now_ns - ago_ns : 0;
}

void throttle_import(struct throttle *throttle, const struct throttle_session *session,
		     uint64_t now_ns)
{
	struct session_use use;
	uint64_t now = now_ns + AHEAD_NS;
	session_table_acquire(throttle->table, &session->key,
			      session_table_hash(throttle->table, &session->key),
			      before(now, session->used_ago_ns), &use);
	struct session *made = use.session;
	switch (throttle->spec.kind) {
	case THROTTLE_WINDOW:
		made->state_ns = before(now, session->opened_ago_ns);
		made->state_count = session->window_passed;
		break;
	case THROTTLE_BUCKET:
		made->state_ns = session->missing;
		break;
	}
	made->created_s = (uint32_t)before(now / NS_PER_S, session->created_ago_s);
	made->passed = session->passed;
	made->over = session->over;
	/* Nothing passed now: the totals are throttle_set_totals()'s. */
	session_table_release(throttle->table, &use, true, 0);
}

void throttle_set_totals(struct throttle *throttle, uint64_t passed, uint64_t over,
			 uint64_t evicted)
{
	session_table_set_totals(throttle->table, passed, over, evicted);
}
