/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets whose decision depends on the owner of their connection: it is looked up; where it has to
 * be searched, the packet waits; when the answer comes it is judged again, from the beginning, and
 * then those behind it.
 */
#include <assert.h>

#include "daemon/asked.h"
#include "daemon/judge_layout.h"

#define NS_PER_MS 1000000u

/*
 * Looks the owner up as far as the decision depends on it; an earlier packet may have settled the
 * connection meanwhile. False where it has to be searched up to question->wants.
 */
static bool look_up(struct judge *judge, const struct bench *bench, struct question *question)
{
	uint32_t asked = question->queued->asked;
	for (;;) {
		if (!is_call(asked))
			judge_find_path(judge, bench, question);
		question->wants = judge_wants(bench, question);
		if (!question->wants)
			return true;
		assert(bench->finder);
		struct owner_query query = question_owner_query(question, is_reply(asked));
		if (owners_find(bench->finder, &query, question->wants, &question->owner) ==
		    OWNER_LATER)
			return false;
		assert(question->owner.level >= question->wants);
		question->facts.owner = &question->owner;
	}
}

/* Has the owner searched. False where too much is searched already. */
static bool ask(struct judge *judge, const struct bench *bench, const struct question *question)
{
	struct owner_query query =
		question_owner_query(question, is_reply(question->queued->asked));
	return owners_ask(bench->finder, &query, question->wants, ++judge->last_token);
}

/*
 * The answer to what waits no longer: it stays undecided, so that the next packet of its connection
 * is judged in its place. Throttles that count connections have not counted this one.
 */
static uint32_t answer_late(struct judge *judge, const struct bench *bench, uint32_t asked,
			    const struct packet *flow)
{
	const struct path undecided = {.rule = -1};
	judge_count(&judge->counters.late);
	if (!is_alive(asked) && !is_inspected(asked))
		flows_add(judge->late, flow, judge->by.now_ns, &undecided);
	if (judge->may_not_wait || bench->snapshot->config->queue.fail_open)
		return NFSHAPER_ANSWER_PASS;
	return NFQUEUE_DROP;
}

static void show_waiting(struct judge *judge)
{
	atomic_store_explicit(&judge->counters.waiting, waiting_count(judge->waiting),
			      memory_order_relaxed);
}

uint32_t judge_answer(struct judge *judge, const struct bench *bench, struct question *question)
{
	uint32_t asked = question->queued->asked;
	bool is_behind =
		waiting_count(judge->waiting) && waiting_has(judge->waiting, &question->original);
	if (!is_behind && (!question->wants || look_up(judge, bench, question)))
		return judge_decide(judge, bench, question);
	/* One behind others must not overtake them: for it, the first of all will be late. */
	if (judge->may_not_wait ||
	    (!is_behind && (waiting_is_full(judge->waiting) || !ask(judge, bench, question))))
		return answer_late(judge, bench, asked, &question->original);
	waiting_add(judge->waiting, question->queued, &question->original,
		    is_behind ? 0 : judge->last_token, judge->by.now_ns);
	show_waiting(judge);
	return NFQUEUE_WAIT;
}

/* Lets the packet go; returns the next one of its connection, or NULL. */
static struct waiting_packet *release(struct judge *judge, struct waiting_packet *packet,
				      uint32_t answer)
{
	struct waiting_packet *next = waiting_behind(packet);
	struct nfqueue_packet *released = &judge->released[judge->n_released++];
	*released = packet->queued;
	released->answer = answer;
	waiting_remove(judge->waiting, packet);
	return next;
}

static struct waiting_packet *release_late(struct judge *judge, const struct bench *bench,
					   struct waiting_packet *packet)
{
	return release(judge, packet,
		       answer_late(judge, bench, packet->queued.asked, &packet->flow));
}

/*
 * Judges a packet that has waited and those behind it, until one has something searched itself.
 * `owner` is of their connection; what else is needed of it is looked up.
 */
static void go_on(struct judge *judge, const struct bench *bench, struct waiting_packet *packet,
		  const struct owner *owner)
{
	struct question *question = &judge->questions[0];
	while (packet) {
		judge->n_tickets = 0;
		question->path.steps = bench->steps;
		if (!judge_prepare(judge, bench, question, &packet->queued)) {
			packet = release(judge, packet, packet->queued.answer);
			continue;
		}
		question->facts.owner = owner;
		if (question->wants && !look_up(judge, bench, question)) {
			if (ask(judge, bench, question)) {
				packet->token = judge->last_token;
				return;
			}
			packet = release_late(judge, bench, packet);
			owner = NULL; /* its texts may be gone */
			continue;
		}
		owner = question->facts.owner;
		packet = release(judge, packet, judge_decide(judge, bench, question));
	}
}

/* The first of all is the first to be late; the next of its connection waits for the same answer.
 */
static void give_up(struct judge *judge, const struct bench *bench)
{
	uint64_t deadline_ns = bench->snapshot->config->queue.owner_deadline_ns;
	struct waiting_packet *packet;
	while ((packet = waiting_first(judge->waiting)) &&
	       (judge->may_not_wait || waiting_is_crowded(judge->waiting) ||
		judge->by.now_ns - packet->since_ns >= deadline_ns)) {
		uint64_t token = packet->token;
		struct waiting_packet *next = release_late(judge, bench, packet);
		if (next)
			next->token = token;
	}
}

unsigned judge_release(struct judge *judge, struct bench *bench, uint64_t now_ns,
		       const struct nfqueue_packet **ret_packets)
{
	struct owner_result result;
	judge_begin(judge, now_ns);
	judge->n_released = 0;
	while (bench->finder && owners_collect(bench->finder, &result))
		go_on(judge, bench, waiting_find(judge->waiting, result.token), &result.owner);
	give_up(judge, bench);
	show_waiting(judge);
	*ret_packets = judge->released;
	return judge->n_released;
}

bool judge_is_waited_for(const struct judge *judge)
{
	return waiting_count(judge->waiting) > 0;
}

int judge_patience_ms(const struct judge *judge, const struct bench *bench, uint64_t now_ns)
{
	const struct waiting_packet *first = waiting_first(judge->waiting);
	if (!first)
		return -1;
	uint64_t until_ns = first->since_ns + bench->snapshot->config->queue.owner_deadline_ns;
	return until_ns <= now_ns ? 0 : (int)((until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

void judge_stop_waiting(struct judge *judge)
{
	judge->may_not_wait = true;
}
