/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/judge.h"

#include <stdlib.h>
#include <time.h>

#include "daemon/decision_ring.h"
#include "daemon/flows.h"
#include "daemon/question.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"

#define RECENT_FLOWS 1024u     /* about as many as a full queue holds, of 88 bytes each */
#define INSPECTED_FLOWS 32768u /* of connections whose packets stay queued */
/* Of a batch; what needs more is charged without. */
#define TICKETS_MAX (2 * NFQUEUE_BATCH)

struct judge {
	struct questioner by;
	struct clock clock;
	struct flows *recent;    /* just decided, whether or not their packets stay queued */
	struct flows *inspected; /* whose packets stay queued */
	struct flows *called;    /* whose packets have just passed a throttle that they call */
	struct judge_counters counters;
	struct decision_ring *ring; /* NULL: decisions are not logged */
	/* Of the batch. */
	struct question questions[NFQUEUE_BATCH];
	struct throttle_ticket tickets[TICKETS_MAX];
	unsigned n_tickets;
};

struct bench *bench_new(const struct snapshot *snapshot, const struct bench *before)
{
	struct bench *bench = xcalloc(1, sizeof(*bench));
	bench->snapshot = snapshot;
	bench->steps = xcalloc(NFQUEUE_BATCH * snapshot->n_throttle_rules, sizeof(*bench->steps));
	if (before && before->snapshot->rulebook == snapshot->rulebook)
		bench->figures = before->figures;
	else
		bench->figures = xcalloc(ruleset_count(snapshot->ruleset), sizeof(*bench->figures));
	return bench;
}

void bench_free(struct bench *bench, const struct bench *after)
{
	if (!bench)
		return;
	if (!after || after->figures != bench->figures)
		free(bench->figures);
	free(bench->steps);
	free(bench);
}

struct judge *judge_new(struct link_names *names)
{
	struct judge *judge = xcalloc(1, sizeof(*judge));
	judge->by.names = names;
	if (log_shows(LOG_NOISY))
		judge->ring = decision_ring_new();
	judge->by.geo_cache = geo_cache_new();
	judge->recent = flows_new(RECENT_FLOWS);
	judge->inspected = flows_new(INSPECTED_FLOWS);
	judge->called = flows_new(RECENT_FLOWS);
	return judge;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	geo_cache_free(judge->by.geo_cache);
	decision_ring_free(judge->ring);
	flows_free(judge->recent);
	flows_free(judge->inspected);
	flows_free(judge->called);
	free(judge);
}

void judge_forget(struct judge *judge)
{
	flows_clear(judge->recent);
	flows_clear(judge->inspected);
	flows_clear(judge->called);
}

struct decision_ring *judge_decisions(const struct judge *judge)
{
	return judge->ring;
}

const struct judge_counters *judge_counters(const struct judge *judge)
{
	return &judge->counters;
}

/* Only this thread writes these: a plain addition, made visible to readers. */
static void count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static bool is_call(uint32_t asked)
{
	return (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL ||
	       (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL_ALIVE;
}

static bool is_inspected(uint32_t asked)
{
	return asked == NFSHAPER_ASK_ORIGINAL || asked == NFSHAPER_ASK_REPLY;
}

/* Its connection is confirmed already: it is not new to throttles that count connections. */
static bool is_alive(uint32_t asked)
{
	return asked == NFSHAPER_ASK_ALIVE ||
	       (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL_ALIVE;
}

/* What cannot be judged: a connection that has a decision keeps it. */
static uint32_t answer_without(const struct snapshot *snapshot, uint32_t asked)
{
	if (is_call(asked) || is_inspected(asked))
		return NFSHAPER_ANSWER_PASS;
	return NFSHAPER_PRIORITY | snapshot->default_id;
}

static uint32_t answer_of(const struct decision *decision)
{
	switch (decision->kind) {
	case DECISION_STORE:
		return NFSHAPER_PRIORITY | decision->id;
	case DECISION_PASS:
		return NFSHAPER_ANSWER_PASS;
	case DECISION_DROP:
		return NFQUEUE_DROP;
	case DECISION_REJECT:
		return NFSHAPER_ANSWER_REJECT;
	}
	abort();
}

static bool find_remembered(const struct judge *judge, struct question *question)
{
	bool inspected = is_inspected(question->queued->asked);
	if (!flows_find(inspected ? judge->inspected : judge->recent, &question->original,
			judge->by.now_ns, inspected ? FLOWS_FOR_GOOD : FLOWS_RECENT_NS,
			&question->path))
		return false;
	question->path.n_tickets = 0; /* they were made for other steps */
	return true;
}

/* The connection's way through the rules. */
static void find_path(struct judge *judge, const struct bench *bench, struct question *question)
{
	const struct snapshot *snapshot = bench->snapshot;
	bool is_reply = question->queued->asked == NFSHAPER_ASK_REPLY;
	question->is_remembered = find_remembered(judge, question);
	if (question->is_remembered)
		return;
	struct facts original = question->facts;
	if (is_reply)
		original = question_original_facts(question, &judge->by, snapshot, true);
	path_find(snapshot, &original, &question->path);
}

/* Tickets for what the packet may be charged with, as far as there is room. */
static void make_tickets(struct judge *judge, const struct bench *bench, struct question *question)
{
	struct throttle_ticket *next = &judge->tickets[judge->n_tickets];
	unsigned room = TICKETS_MAX - judge->n_tickets;
	uint32_t asked = question->queued->asked;
	struct throttle *throttle;
	if (!is_call(asked)) {
		judge->n_tickets +=
			path_ticket(bench->snapshot, &question->path, &question->facts, next, room);
		return;
	}
	const struct throttle_item *item =
		snapshot_call(bench->snapshot, asked & ~NFSHAPER_ASK_BITS, &throttle);
	question->path.n_tickets = item && room ? 1 : 0;
	question->path.tickets = next;
	if (!question->path.n_tickets)
		return;
	throttle_ticket_make(throttle, &question->facts, next);
	judge->n_tickets++;
}

/* False where the packet cannot be judged; then it has its answer. */
static bool prepare(struct judge *judge, const struct bench *bench, struct question *question,
		    struct nfqueue_packet *queued)
{
	bool is_reply = queued->asked == NFSHAPER_ASK_REPLY;
	_Atomic uint64_t *why = NULL;
	question->queued = NULL;
	if (queued->is_bridged)
		why = &judge->counters.bridged;
	else if (question_read(question, &judge->by, bench->snapshot, queued, is_reply))
		why = &judge->counters.malformed;
	if (why) {
		count(why);
		question->queued = NULL;
		queued->answer = answer_without(bench->snapshot, queued->asked);
		return false;
	}
	question->charge.figures = bench->figures;
	if (!is_call(queued->asked))
		find_path(judge, bench, question);
	make_tickets(judge, bench, question);
	return true;
}

static void remember(struct judge *judge, const struct snapshot *snapshot,
		     const struct question *question)
{
	if (!is_inspected(question->queued->asked))
		flows_add(judge->recent, &question->original, judge->by.now_ns, &question->path);
	if (path_is_queued(snapshot, &question->path))
		flows_add(judge->inspected, &question->original, judge->by.now_ns, &question->path);
}

/*
 * The connection of a packet that was unknown when the batch began may have been decided by an
 * earlier packet of it. What is refused alone leaves nothing behind.
 */
static uint32_t decide(struct judge *judge, const struct bench *bench, struct question *question)
{
	const struct snapshot *snapshot = bench->snapshot;
	struct charge *charge = &question->charge;
	uint32_t asked = question->queued->asked;
	bool is_known = question->is_remembered || find_remembered(judge, question);
	charge->is_first = !is_known && !is_inspected(asked);
	charge->is_new = charge->is_first && !is_alive(asked);
	struct decision decision = path_charge(snapshot, &question->path, charge);
	question->decision = decision;
	if (!is_known && decision.kind == DECISION_STORE)
		remember(judge, snapshot, question);
	/* What no throttle counts, such as replies, does not end a stay in the class for what is
	 * over: the connection stays as it is. */
	if (is_inspected(asked) && !decision.is_counted &&
	    path_is_queued(snapshot, &question->path))
		return NFSHAPER_ANSWER_PASS;
	return answer_of(&decision);
}

/* Several first packets of one connection that call a throttle are one connection, as well. */
static uint32_t decide_call(struct judge *judge, const struct bench *bench,
			    struct question *question)
{
	const struct path *path = &question->path;
	struct path memory = {.steps = path->steps};
	uint32_t asked = question->queued->asked, call = asked & ~NFSHAPER_ASK_BITS;
	bool is_counted = flows_find(judge->called, &question->packet, judge->by.now_ns,
				     FLOWS_RECENT_NS, &memory) &&
			  memory.id == call;
	question->charge.is_new = !is_alive(asked) && !is_counted;
	struct decision decision = path_charge_call(
		bench->snapshot, call, path->n_tickets ? path->tickets : NULL, &question->charge);
	question->decision = decision;
	memory = (struct path){.rule = -1, .id = call, .steps = path->steps};
	if (question->charge.is_new && decision.kind == DECISION_PASS)
		flows_add(judge->called, &question->packet, judge->by.now_ns, &memory);
	return answer_of(&decision);
}

void judge_batch(struct judge *judge, struct bench *bench, struct nfqueue_packet *packets,
		 unsigned n_packets, uint64_t now_ns)
{
	bool is_judged[NFQUEUE_BATCH];
	judge->by.now_ns = now_ns;
	judge->by.local = *clock_local(&judge->clock, time(NULL));
	judge->n_tickets = 0;
	for (unsigned i = 0; i < n_packets; i++) {
		struct question *question = &judge->questions[i];
		question->path.steps = bench->steps + i * bench->snapshot->n_throttle_rules;
		is_judged[i] = prepare(judge, bench, question, &packets[i]);
	}
	throttle_tickets_fetch(judge->tickets, judge->n_tickets);
	for (unsigned i = 0; i < n_packets; i++) {
		struct question *question = &judge->questions[i];
		if (!is_judged[i])
			continue;
		packets[i].answer = is_call(packets[i].asked) ? decide_call(judge, bench, question)
							      : decide(judge, bench, question);
		if (judge->ring)
			decision_ring_add(judge->ring, bench->snapshot, question);
	}
}
