/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/judge_layout.h"

#include <stdlib.h>
#include <time.h>

#include "daemon/asked.h"
#include "daemon/decision_ring.h"
#include "util/alloc.h"
#include "util/log.h"

#define RECENT_FLOWS 1024u     /* about as many as a full queue holds, of 104 bytes each */
#define INSPECTED_FLOWS 32768u /* of connections whose packets stay queued */

struct judge *judge_new(struct link_names *names, unsigned room)
{
	struct judge *judge = xcalloc(1, sizeof(*judge));
	judge->by.names = names;
	if (log_shows(LOG_NOISY))
		judge->ring = decision_ring_new();
	judge->by.geo_cache = geo_cache_new();
	judge->recent = flows_new(RECENT_FLOWS);
	judge->inspected = flows_new(INSPECTED_FLOWS);
	judge->called = flows_new(RECENT_FLOWS);
	judge->late = flows_new(RECENT_FLOWS);
	judge->waiting = waiting_new(room);
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
	flows_free(judge->late);
	waiting_free(judge->waiting);
	free(judge);
}

void judge_forget(struct judge *judge)
{
	flows_clear(judge->recent);
	flows_clear(judge->inspected);
	flows_clear(judge->called);
	flows_clear(judge->late);
}

struct decision_ring *judge_decisions(const struct judge *judge)
{
	return judge->ring;
}

const struct judge_counters *judge_counters(const struct judge *judge)
{
	return &judge->counters;
}

/* What cannot be judged: a connection that has a decision keeps it. */
static uint32_t answer_without(const struct snapshot *snapshot, uint32_t asked)
{
	if (is_call(asked) || is_inspected(asked))
		return NFSHAPER_ANSWER_PASS;
	return NFSHAPER_PRIORITY | snapshot->default_id;
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
		snapshot_call(bench->snapshot, call_of(asked), &throttle);
	question->path.n_tickets = item && room ? 1 : 0;
	question->path.tickets = next;
	if (!question->path.n_tickets)
		return;
	throttle_ticket_make(throttle, &question->facts, next);
	judge->n_tickets++;
}

bool judge_prepare(struct judge *judge, const struct bench *bench, struct question *question,
		   struct nfqueue_packet *queued)
{
	_Atomic uint64_t *why = NULL;
	question->queued = NULL;
	if (queued->is_bridged)
		why = &judge->counters.bridged;
	else if (question_read(question, &judge->by, bench->snapshot, queued,
			       is_reply(queued->asked)))
		why = &judge->counters.malformed;
	if (why) {
		judge_count(why);
		question->queued = NULL;
		queued->answer = answer_without(bench->snapshot, queued->asked);
		return false;
	}
	question->charge.figures = bench->figures;
	question->path.n_tickets = 0;
	if (!is_call(queued->asked))
		judge_find_path(judge, bench, question);
	question->wants = judge_wants(bench, question);
	if (!question->wants)
		make_tickets(judge, bench, question);
	return true;
}

void judge_begin(struct judge *judge, uint64_t now_ns)
{
	judge->by.now_ns = now_ns;
	judge->by.local = *clock_local(&judge->clock, time(NULL));
	judge->n_tickets = 0;
}

void judge_batch(struct judge *judge, struct bench *bench, struct nfqueue_packet *packets,
		 unsigned n_packets, uint64_t now_ns)
{
	bool is_judged[NFQUEUE_BATCH];
	judge_begin(judge, now_ns);
	for (unsigned i = 0; i < n_packets; i++) {
		struct question *question = &judge->questions[i];
		question->path.steps = bench->steps + i * bench->snapshot->n_throttle_rules;
		is_judged[i] = judge_prepare(judge, bench, question, &packets[i]);
	}
	throttle_tickets_fetch(judge->tickets, judge->n_tickets);
	for (unsigned i = 0; i < n_packets; i++)
		if (is_judged[i])
			packets[i].answer = judge_answer(judge, bench, &judge->questions[i]);
}
