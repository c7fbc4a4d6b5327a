/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decision on one packet whose owner is known as far as that matters. */
#include <stdlib.h>

#include "daemon/asked.h"
#include "daemon/decision_ring.h"
#include "daemon/judge_layout.h"

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

/* Sessions by user are those of the connection's, whichever of its packets this is. */
static void take_user(struct question *question)
{
	if (question->path.has_uid && !question->facts.owner) {
		question->facts.has_uid = true;
		question->facts.uid = question->path.uid;
	}
}

static bool find_remembered(const struct judge *judge, struct question *question)
{
	bool inspected = is_inspected(question->queued->asked);
	if (!flows_find(inspected ? judge->inspected : judge->recent, &question->original,
			judge->by.now_ns, inspected ? FLOWS_FOR_GOOD : FLOWS_RECENT_NS,
			&question->path))
		return false;
	question->path.n_tickets = 0; /* they were made for other steps */
	question->path.wants = OWNER_NOTHING;
	take_user(question);
	return true;
}

void judge_find_path(struct judge *judge, const struct bench *bench, struct question *question)
{
	const struct snapshot *snapshot = bench->snapshot;
	question->is_remembered = find_remembered(judge, question);
	if (question->is_remembered)
		return;
	struct facts original = question->facts;
	if (is_reply(question->queued->asked)) {
		original = question_original_facts(question, &judge->by, snapshot, true);
		original.owner = question->facts.owner;
	}
	path_find(snapshot, &original, &question->path);
}

enum owner_level judge_wants(const struct bench *bench, const struct question *question)
{
	uint32_t asked = question->queued->asked;
	if (!bench->asks_owners)
		return OWNER_NOTHING;
	if (is_call(asked))
		return path_call_wants(bench->snapshot, call_of(asked), &question->facts);
	return question->path.wants;
}

/* It was confirmed before it could be decided, but not because its first packet was late. */
static bool was_alive(const struct judge *judge, const struct question *question)
{
	struct path path = {0};
	return is_alive(question->queued->asked) &&
	       !flows_find(judge->late, &question->original, judge->by.now_ns, FLOWS_FOR_GOOD,
			   &path);
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
	charge->is_new = charge->is_first && !was_alive(judge, question);
	struct decision decision = path_charge(snapshot, &question->path, charge);
	question->decision = decision;
	/* Its way was forgotten, by a reload or for others, and where it ended with it. */
	if (is_inspected(asked) && !is_known && decision.kind == DECISION_STORE &&
	    path_is_in_mark(snapshot, &question->path))
		return NFSHAPER_ANSWER_PASS;
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
	uint32_t call = call_of(question->queued->asked);
	bool is_counted = flows_find(judge->called, &question->packet, judge->by.now_ns,
				     FLOWS_RECENT_NS, &memory) &&
			  memory.id == call;
	question->charge.is_new = !was_alive(judge, question) && !is_counted;
	struct decision decision = path_charge_call(
		bench->snapshot, call, path->n_tickets ? path->tickets : NULL, &question->charge);
	question->decision = decision;
	memory = (struct path){.rule = -1, .id = call, .steps = path->steps};
	if (question->charge.is_new && decision.kind == DECISION_PASS)
		flows_add(judge->called, &question->packet, judge->by.now_ns, &memory);
	return answer_of(&decision);
}

uint32_t judge_decide(struct judge *judge, const struct bench *bench, struct question *question)
{
	uint32_t answer = is_call(question->queued->asked) ? decide_call(judge, bench, question)
							   : decide(judge, bench, question);
	if (judge->ring)
		decision_ring_add(judge->ring, bench->snapshot, question);
	return answer;
}
