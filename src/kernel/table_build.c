/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of the table `inet nfshaper`, chain by chain, in the order in which a packet meets
 * them. Two base chains work at each of the hooks input, forward and output:
 *
 *   queue_*  accepts what is decided (the common case: one rule) and what is not judged, refuses
 *            what was refused while it lived, and hands the rest to a worker's queue;
 *   store_*  finds the worker's answer in skb->priority and writes it into the conntrack mark.
 *
 * What is not judged is in table_exempt.c, what throttles need (connections that stay queued,
 * calls by the packet mark) in table_throttle.c.
 *
 * They are apart because no rule of a base chain runs behind `queue`, the next base chain does.
 * At postrouting, the conntrack mark chooses the HTB class.
 *
 * An id that the mark has but no set knows (the left-over of a configuration that was lost) is in
 * neither @settled, @refused nor @inspect: the connection is judged anew.
 */
#include "kernel/table_build.h"

/* Before the headers of the kernel, which then leave out what these have. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/table_exempt.h"
#include "kernel/table_incoming.h"
#include "kernel/table_rule.h"
#include "kernel/table_throttle.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

/* Behind the filters that users have at priority 0: what these drop is not judged. */
#define QUEUE_PRIORITY 10
#define STORE_PRIORITY 11
/* Behind source NAT (100): the last that touches skb->priority. */
#define CLASSIFY_PRIORITY 300

#define CHAIN_NAME_MAX 32

/* Room for interfaces that a later configuration shapes. */
#define SHAPED_ROOM 1024

static const struct table_hook queue_hooks[] = {
	{"input", NF_INET_LOCAL_IN, QUEUE_PRIORITY},
	{"forward", NF_INET_FORWARD, QUEUE_PRIORITY},
	{"output", NF_INET_LOCAL_OUT, QUEUE_PRIORITY},
};
static const struct table_hook store_hooks[] = {
	{"input", NF_INET_LOCAL_IN, STORE_PRIORITY},
	{"forward", NF_INET_FORWARD, STORE_PRIORITY},
	{"output", NF_INET_LOCAL_OUT, STORE_PRIORITY},
};
static const struct table_hook classify_hook = {"postrouting", NF_INET_POST_ROUTING,
						CLASSIFY_PRIORITY};

const char *const table_queue_chains[] = {"queue_in", "queue_forward", "queue_out", NULL};

static const char *refusal_chain(enum outcome_kind kind)
{
	switch (kind) {
	case OUTCOME_CLASS:
	case OUTCOME_QUEUED:
	case OUTCOME_CALL:
		break;
	case OUTCOME_DROP:
		return "refuse_drop";
	case OUTCOME_REJECT:
		return "refuse_reject";
	}
	return NULL;
}

static const char *id_chain_name(uint32_t id, char *buffer)
{
	snprintf(buffer, CHAIN_NAME_MAX, TABLE_ID_CHAIN "%u", id);
	return buffer;
}

/*
 * What the mark has room for, and one more, so that a reload with more classes finds room; of
 * priorities, the questions and answers beside the decisions, too. A table whose sets are smaller
 * than these is replaced (table.c): a few more interfaces must not do that.
 */
static void limit_sets(struct build *build)
{
	const uint32_t ids = nfshaper_mask_ids(build->plan->mark_mask) + 1;
	const uint32_t blocks = (uint32_t)build->plan->n_interfaces / SHAPED_ROOM + 1;
	for (size_t i = 0; i < build->model->n_sets; i++) {
		struct table_set *set = build->model->sets[i];
		if (set->key == TABLE_TYPE_IFNAME)
			table_set_limit(set, blocks * SHAPED_ROOM);
		else
			table_set_limit(set, set->key == TABLE_TYPE_CLASSID ? 4 * ids : ids);
	}
}

/* One decision in the sets and maps. */
struct decision_sets {
	struct table_set *settled, *refused, *inspect, *store, *classid;
};

static void add_decision(const struct plan *plan, const struct outcome *outcome,
			 const struct decision_sets *sets)
{
	uint32_t mark = nfshaper_mark(plan->mark_mask, outcome->id);
	char name[CHAIN_NAME_MAX];
	table_set_add(sets->store, NFSHAPER_PRIORITY | outcome->id, 0,
		      id_chain_name(outcome->id, name));
	if (outcome_has_class(outcome)) {
		table_set_add(outcome->kind == OUTCOME_QUEUED ? sets->inspect : sets->settled, mark,
			      0, NULL);
		table_set_add(sets->classid, mark, nfshaper_classid(outcome->minor), NULL);
	} else {
		table_set_add(sets->refused, mark, 0, refusal_chain(outcome->kind));
	}
}

static void build_sets(struct build *build)
{
	const struct plan *plan = build->plan;
	struct table_model *model = build->model;
	struct table_set *shaped;
	struct decision_sets sets = {
		.settled = table_model_set(model, "settled", TABLE_TYPE_MARK, TABLE_TYPE_NONE),
		.refused = table_model_set(model, "refused", TABLE_TYPE_MARK, TABLE_TYPE_VERDICT),
		.inspect = table_model_set(model, "inspect", TABLE_TYPE_MARK, TABLE_TYPE_NONE),
		.store = table_model_set(model, "store", TABLE_TYPE_CLASSID, TABLE_TYPE_VERDICT),
		.classid = table_model_set(model, "classid", TABLE_TYPE_MARK, TABLE_TYPE_CLASSID),
	};
	shaped = table_model_set(model, "shaped", TABLE_TYPE_IFNAME, TABLE_TYPE_NONE);
	table_set_add(sets.store, NFSHAPER_ASK_NEW, 0, "undecided");
	table_set_add(sets.store, NFSHAPER_ASK_ALIVE, 0, "undecided");
	table_set_add(sets.store, NFSHAPER_ASK_ORIGINAL, 0, "undecided");
	table_set_add(sets.store, NFSHAPER_ASK_REPLY, 0, "undecided");
	table_set_add(sets.store, NFSHAPER_ANSWER_REJECT, 0, "refuse_packet");
	for (size_t i = 0; i < plan->ids.count; i++)
		if (plan->ids.items[i].kind != OUTCOME_CALL)
			add_decision(plan, &plan->ids.items[i], &sets);
	for (size_t i = 0; i < plan->n_interfaces; i++)
		if (plan->interfaces[i].way == PLAN_OUT)
			table_set_add_name(shaped, plan->interfaces[i].name, NULL);
	table_build_calls(build, sets.store);
}

/* What the answer of a worker does; the comment gives the id back its meaning after a crash. */
static void build_id_chain(struct build *build, const struct outcome *outcome)
{
	char name[CHAIN_NAME_MAX], classid[TABLE_CLASSID_MAX];
	const char *refusal = refusal_chain(outcome->kind);
	uint32_t mask = build->plan->mark_mask;
	char *comment =
		refusal ? xstrdup(outcome_kind_text(outcome->kind))
			: xasprintf("%s %s %s", outcome_kind_text(outcome->kind), outcome->name,
				    table_classid_text(nfshaper_classid(outcome->minor), classid));
	struct table_chain *store =
		table_model_chain(build->model, id_chain_name(outcome->id, name), NULL, comment);
	free(comment);
	set_ct_mark(table_chain_rule(store), mask, nfshaper_mark(mask, outcome->id));
	set_priority(table_chain_rule(store), 0);
	if (refusal)
		verdict_goto(table_chain_rule(store), refusal);
}

static void build_refusals(struct build *build)
{
	struct table_chain *refuse = build_chain(build, "refuse_drop");
	struct table_rule *rule;
	verdict_drop(table_chain_rule(refuse));

	refuse = build_chain(build, "refuse_reject");
	/* A refusal is for the side that began; the other one would take it for an answer. */
	rule = table_chain_rule(refuse);
	match_ct_direction(rule, false);
	verdict_drop(rule);
	rule = table_chain_rule(refuse);
	match_proto(rule, IPPROTO_TCP);
	verdict_tcp_reset(rule);
	verdict_prohibited(table_chain_rule(refuse));

	/* One packet over the limit of a throttle: the connection stays as it is. */
	refuse = build_chain(build, "refuse_packet");
	set_priority(table_chain_rule(refuse), 0);
	verdict_goto(table_chain_rule(refuse), "refuse_reject");
}

/* Asked for and let through without an answer: the daemon is down, or the queue was full. */
static void build_undecided(struct build *build)
{
	struct table_chain *undecided = build_chain(build, "undecided");
	table_model_counter(build->model, TABLE_COUNTER_UNDECIDED);
	count_named(table_chain_rule(undecided), TABLE_COUNTER_UNDECIDED);
	set_priority(table_chain_rule(undecided), 0);
}

/*
 * Both directions of a flow meet in one worker; the last worker gets what is left.
 */
static void build_queues(struct build *build, struct table_chain *chain, unsigned first)
{
	const struct plan *plan = build->plan;
	for (unsigned worker = 0; worker < plan->workers; worker++) {
		struct table_rule *rule = table_chain_rule(chain);
		if (worker + 1 < plan->workers)
			match_symhash(rule, plan->workers, worker);
		verdict_queue(rule, build->path, (uint16_t)(first + worker), plan->fail_open);
	}
}

static void build_ask(struct build *build)
{
	const struct plan *plan = build->plan;
	build_queues(build, build_chain(build, "ask"), plan->queue_first);
	/* What throttles count goes to queues that show segment by segment. */
	build_queues(build, build_chain(build, TABLE_SEGMENTS_CHAIN),
		     plan->queue_first + plan->workers);
}

/* The question of a new connection. */
static void ask_new(struct table_rule *rule)
{
	match_ct_confirmed(rule, false);
	set_priority(rule, NFSHAPER_ASK_NEW);
	verdict_goto(rule, "ask");
}

/*
 * A short cut for a new UDP connection over IPv4 that is forwarded: none of the rules that follow
 * can be meant. Of the 31 expressions up to `queue` it saves 8, each of which costs some 13 ns.
 */
static void build_short_cut(struct build *build, struct table_chain *queue)
{
	struct table_rule *rule = table_chain_rule(queue);
	match_ports(rule, IPPROTO_UDP, false, TABLE_DESTINATION, TABLE_UDP_JUDGED_FIRST,
		    UINT16_MAX);
	match_unicast4(rule);
	match_no_ct_mark(rule, build->plan->mark_mask);
	ask_new(rule);
}

/* The first rules: calls, decided connections, and what is not judged. */
static struct table_chain *begin_queue_chain(struct build *build, unsigned which)
{
	struct table_chain *queue = table_model_chain(build->model, table_queue_chains[which],
						      &queue_hooks[which], NULL);
	uint32_t hook = queue_hooks[which].number;
	struct table_rule *rule;
	table_build_call_rule(build, queue, hook);
	rule = table_chain_rule(queue);
	match_ct_mark(rule, build->plan->mark_mask, "settled");
	verdict_accept(rule);
	if (hook == NF_INET_FORWARD)
		build_short_cut(build, queue);
	table_build_exempt_rules(queue, hook);
	return queue;
}

/* nfshaper's own resets leave at output, as replies of connections that were never confirmed. */
static void match_ct_original(struct table_rule *rule, uint32_t hook)
{
	if (hook == NF_INET_LOCAL_OUT)
		match_ct_direction(rule, true);
}

/*
 * Connections without a decision: new ones, and others by what their first side sends. The
 * priority is that of a question: nobody can have forged another before, and what comes back with
 * it went past the worker.
 */
static void build_questions(struct table_chain *queue, uint32_t hook)
{
	struct table_rule *rule = table_chain_rule(queue);
	match_ct_original(rule, hook);
	ask_new(rule);
	rule = table_chain_rule(queue);
	match_ct_direction(rule, true);
	set_priority(rule, NFSHAPER_ASK_ALIVE);
	verdict_goto(rule, "ask");
}

static void build_queue_chain(struct build *build, unsigned which)
{
	uint32_t hook = queue_hooks[which].number;
	struct table_chain *queue = begin_queue_chain(build, which);
	struct table_rule *rule = table_chain_rule(queue);
	match_ct_original(rule, hook);
	verdict_by_ct_mark(rule, build->plan->mark_mask, "refused");

	table_build_inspect_rule(build, queue, hook);

	build_questions(queue, hook);

	/* What has no entry matches none of the rules above that ask for it. Behind the
	 * exemptions: the kernel does not track neighbour discovery. */
	rule = table_chain_rule(queue);
	match_ct_state(rule, TABLE_CT_INVALID | TABLE_CT_UNTRACKED);
	verdict_goto(rule, TABLE_UNTRACKED_CHAIN);
}

static void build_store_chain(struct build *build, unsigned which)
{
	static const char *const names[] = {"store_in", "store_forward", "store_out"};
	struct table_chain *store =
		table_model_chain(build->model, names[which], &store_hooks[which], NULL);
	verdict_by_priority(table_chain_rule(store), "store");
}

static void build_classify(struct build *build)
{
	struct table_chain *set_class = build_chain(build, "set_class");
	struct table_chain *classify =
		table_model_chain(build->model, "classify", &classify_hook, NULL);
	struct table_rule *rule;
	/* What has no entry or no decision is in the default class: an HTB without `default`
	 * sends unshaped what it cannot classify. */
	set_priority(table_chain_rule(set_class),
		     nfshaper_classid(build->plan->ids.items[0].minor));
	set_priority_by_ct_mark(table_chain_rule(set_class), build->plan->mark_mask, "classid");

	rule = table_chain_rule(classify);
	match_interface_set(rule, TABLE_OUTGOING, "shaped");
	verdict_goto(rule, "set_class");
	table_build_inside(build, classify);
}

struct table_model *table_build(const struct plan *plan, enum queue_path path)
{
	struct build build = {.plan = plan, .path = path, .model = table_model_new(NFSHAPER_TABLE)};
	const unsigned hooks = sizeof(queue_hooks) / sizeof(queue_hooks[0]);
	build_sets(&build);
	for (size_t i = 0; i < plan->ids.count; i++)
		if (plan->ids.items[i].kind != OUTCOME_CALL)
			build_id_chain(&build, &plan->ids.items[i]);
	build_refusals(&build);
	table_build_exempt_chains(&build);
	build_undecided(&build);
	build_ask(&build);
	table_build_throttle_chains(&build);
	for (unsigned which = 0; which < hooks; which++)
		build_queue_chain(&build, which);
	for (unsigned which = 0; which < hooks; which++)
		build_store_chain(&build, which);
	build_classify(&build);
	table_build_incoming(&build);
	limit_sets(&build);
	return build.model;
}
