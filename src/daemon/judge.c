/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/judge.h"

#include <linux/netfilter.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/flows.h"
#include "engine/decide.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"
#include "util/clock.h"

#define RECENT_FLOWS 1024u     /* about as many as a full queue holds, of 88 bytes each */
#define INSPECTED_FLOWS 32768u /* of connections whose packets stay queued */

struct judge {
	struct link_names *names;
	struct geo_cache *geo_cache;
	struct flows *recent;    /* just decided, whether or not their packets stay queued */
	struct flows *inspected; /* whose packets stay queued */
	struct flows *called;    /* whose packets have just passed a throttle that they call */
	struct judge_counters counters;
	uint64_t now_ns; /* CLOCK_MONOTONIC, once for each batch */
	struct clock clock;
	struct local_time local;
};

/* One packet on its way through this file. */
struct question {
	const struct nfqueue_packet *queued;
	struct packet packet;
	struct packet_origin origin;
	struct facts facts;
	struct charge charge;
};

struct bench *bench_new(const struct snapshot *snapshot, const struct bench *before)
{
	struct bench *bench = xcalloc(1, sizeof(*bench));
	bench->snapshot = snapshot;
	bench->steps = xcalloc(snapshot->n_throttle_rules, sizeof(*bench->steps));
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
	judge->names = names;
	judge->geo_cache = geo_cache_new();
	judge->recent = flows_new(RECENT_FLOWS);
	judge->inspected = flows_new(INSPECTED_FLOWS);
	judge->called = flows_new(RECENT_FLOWS);
	return judge;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	geo_cache_free(judge->geo_cache);
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

void judge_begin(struct judge *judge)
{
	judge->now_ns = clock_monotonic_ns();
	judge->local = *clock_local(&judge->clock, time(NULL));
}

const struct judge_counters *judge_counters(const struct judge *judge)
{
	return &judge->counters;
}

static enum direction direction_of_hook(uint8_t hook)
{
	return hook == NF_INET_LOCAL_IN    ? DIRECTION_IN
	       : hook == NF_INET_LOCAL_OUT ? DIRECTION_OUT
					   : DIRECTION_FORWARD;
}

/* Only this thread writes these: a plain addition, made visible to readers. */
static void count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static struct facts facts_of(const struct judge *judge, const struct snapshot *snapshot,
			     const struct packet *packet, const struct packet_origin *origin,
			     const struct nfqueue_packet *queued)
{
	struct facts facts = decide_facts(snapshot, packet, origin);
	facts.mark = queued->mark;
	facts.has_uid = queued->uid != NFQUEUE_NO_UID;
	facts.uid = queued->uid;
	facts.now = judge->local;
	facts.geo_cache = judge->geo_cache;
	return facts;
}

/*
 * How many packets a GSO packet stands for: the kernel does not tell the size of its segments, but
 * each fits the interface that it was received or will be sent by.
 */
static uint32_t count_segments(struct judge *judge, const struct question *question)
{
	const struct nfqueue_packet *queued = question->queued;
	unsigned mtu = link_names_mtu(judge->names, queued->iif ? queued->iif : queued->oif);
	uint32_t headers = question->packet.headers, length = question->packet.length;
	if (!queued->is_gso || mtu <= headers || length <= headers)
		return 1;
	return (length - headers + (mtu - headers) - 1) / (mtu - headers);
}

static void prepare_charge(struct judge *judge, struct bench *bench, struct question *question)
{
	uint32_t packets = question->queued->is_gso ? count_segments(judge, question) : 1;
	question->charge = (struct charge){
		.facts = &question->facts,
		.packets = packets,
		/* Each segment has headers of its own. */
		.bytes = question->packet.length +
			 (uint64_t)(packets - 1) * question->packet.headers,
		.now_ns = judge->now_ns,
		.figures = bench->figures,
	};
}

/* 0, or a negative errno where the packet cannot be understood. */
static int read_question(struct judge *judge, struct bench *bench,
			 const struct nfqueue_packet *queued, struct question *question)
{
	int error = packet_parse(queued->data, queued->captured, queued->length, &question->packet);
	if (error)
		return error;
	question->queued = queued;
	question->origin = (struct packet_origin){
		.direction = direction_of_hook(queued->hook),
		.iif = queued->iif ? link_names_get(judge->names, queued->iif) : NULL,
		.oif = queued->oif ? link_names_get(judge->names, queued->oif) : NULL,
	};
	question->facts =
		facts_of(judge, bench->snapshot, &question->packet, &question->origin, queued);
	prepare_charge(judge, bench, question);
	return 0;
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

static void remember(struct judge *judge, const struct snapshot *snapshot,
		     const struct packet *packet, const struct path *path)
{
	flows_add(judge->recent, packet, judge->now_ns, path);
	if (path_is_queued(snapshot, path))
		flows_add(judge->inspected, packet, judge->now_ns, path);
}

/* A connection without a decision. What is refused alone leaves nothing behind. */
static uint32_t judge_first(struct judge *judge, struct bench *bench, struct question *question,
			    bool is_alive)
{
	const struct snapshot *snapshot = bench->snapshot;
	struct path path = {.steps = bench->steps};
	struct charge *charge = &question->charge;
	charge->is_first = !flows_find(judge->recent, &question->packet, judge->now_ns,
				       FLOWS_RECENT_NS, &path);
	charge->is_new = charge->is_first && !is_alive;
	if (charge->is_first)
		path_find(snapshot, &question->facts, &path);
	struct decision decision = path_charge(snapshot, &path, charge);
	if (charge->is_first && decision.kind == DECISION_STORE)
		remember(judge, snapshot, &question->packet, &path);
	return answer_of(&decision);
}

static enum direction opposite(enum direction direction)
{
	switch (direction) {
	case DIRECTION_IN:
		return DIRECTION_OUT;
	case DIRECTION_OUT:
		return DIRECTION_IN;
	case DIRECTION_FORWARD:
		break;
	}
	return direction;
}

/* Where a packet of the original direction would be met. */
static struct packet_origin turn_round(const struct packet_origin *reply)
{
	return (struct packet_origin){opposite(reply->direction), reply->oif, reply->iif};
}

/* A connection whose packets stay queued. */
static uint32_t judge_again(struct judge *judge, struct bench *bench, struct question *question,
			    bool is_reply)
{
	const struct snapshot *snapshot = bench->snapshot;
	struct path path = {.steps = bench->steps};
	struct packet original = question->packet;
	struct packet_origin origin = question->origin;
	struct facts facts = question->facts;
	if (is_reply) {
		original = packet_reverse(&question->packet);
		origin = turn_round(&question->origin);
		facts = facts_of(judge, snapshot, &original, &origin, question->queued);
		/* Which end is the local one is decided for the connection. */
		question->facts.source_is_local = !facts.source_is_local;
	}
	if (!flows_find(judge->inspected, &original, judge->now_ns, FLOWS_FOR_GOOD, &path)) {
		path_find(snapshot, &facts, &path);
		if (path_is_queued(snapshot, &path))
			flows_add(judge->inspected, &original, judge->now_ns, &path);
	}
	struct decision decision = path_charge(snapshot, &path, &question->charge);
	return answer_of(&decision);
}

/* Several first packets of one connection that call a throttle are one connection, as well. */
static uint32_t judge_call(struct judge *judge, struct bench *bench, struct question *question,
			   bool is_alive)
{
	uint32_t call = question->queued->asked & ~NFSHAPER_ASK_BITS;
	struct path path = {.steps = bench->steps};
	bool is_counted = flows_find(judge->called, &question->packet, judge->now_ns,
				     FLOWS_RECENT_NS, &path) &&
			  path.id == call;
	question->charge.is_new = !is_alive && !is_counted;
	struct decision decision = path_charge_call(bench->snapshot, call, &question->charge);
	path = (struct path){.rule = -1, .id = call, .steps = bench->steps};
	if (question->charge.is_new && decision.kind == DECISION_PASS)
		flows_add(judge->called, &question->packet, judge->now_ns, &path);
	return answer_of(&decision);
}

static bool is_call(uint32_t asked)
{
	return (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL ||
	       (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL_ALIVE;
}

/* What cannot be judged: a connection that has a decision keeps it. */
static uint32_t answer_without(const struct snapshot *snapshot, uint32_t asked)
{
	if (is_call(asked) || asked == NFSHAPER_ASK_ORIGINAL || asked == NFSHAPER_ASK_REPLY)
		return NFSHAPER_ANSWER_PASS;
	return NFSHAPER_PRIORITY | snapshot->default_id;
}

static uint32_t judge_packet(struct judge *judge, struct bench *bench,
			     const struct nfqueue_packet *queued)
{
	struct question question;
	uint32_t asked = queued->asked;
	if (queued->is_bridged) {
		count(&judge->counters.bridged);
		return answer_without(bench->snapshot, asked);
	}
	if (read_question(judge, bench, queued, &question)) {
		count(&judge->counters.malformed);
		return answer_without(bench->snapshot, asked);
	}
	if (is_call(asked))
		return judge_call(judge, bench, &question,
				  (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL_ALIVE);
	if (asked == NFSHAPER_ASK_ORIGINAL || asked == NFSHAPER_ASK_REPLY)
		return judge_again(judge, bench, &question, asked == NFSHAPER_ASK_REPLY);
	return judge_first(judge, bench, &question, asked == NFSHAPER_ASK_ALIVE);
}

void judge_batch(struct judge *judge, struct bench *bench, struct nfqueue_packet *packets,
		 unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		packets[i].answer = judge_packet(judge, bench, &packets[i]);
}
