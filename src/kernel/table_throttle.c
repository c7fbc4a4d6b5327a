/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two kinds of packets are asked for although their connection may have a decision.
 *
 * Calls. A user's own rules write the id of a throttle into the bits of the packet mark that the
 * mask covers. Such a packet is judged by that throttle alone, whatever its connection is, unless
 * it is exempt; the bits are cleared afterwards.
 *
 * Inspected connections have a mark of @inspect: a throttle counts their packets, both directions.
 */
#include "kernel/table_throttle.h"

#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/table_build.h"
#include "kernel/table_rule.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

#define NAME_MAX_BYTES 32

static const struct call_hook {
	uint32_t number;
	const char *call;
	const char *inspect;
	const char *management; /* or NULL */
	bool is_incoming;
} hooks[] = {
	{NF_INET_LOCAL_IN, "call_in", "inspect", "management_in", true},
	{NF_INET_FORWARD, "call_forward", "inspect", NULL, false},
	{NF_INET_LOCAL_OUT, "call_out", "inspect_out", "management_out", false},
};
#define N_HOOKS (sizeof(hooks) / sizeof(hooks[0]))

static const struct call_hook *find_hook(uint32_t number)
{
	for (size_t i = 0; i < N_HOOKS; i++)
		if (hooks[i].number == number)
			return &hooks[i];
	abort();
}

static bool has_kind(const struct plan *plan, enum outcome_kind kind)
{
	for (size_t i = 0; i < plan->ids.count; i++)
		if (plan->ids.items[i].kind == kind)
			return true;
	return false;
}

static const char *call_chain_name(uint32_t id, char *buffer)
{
	snprintf(buffer, NAME_MAX_BYTES, TABLE_CALL_CHAIN "%u", id);
	return buffer;
}

void table_build_calls(struct build *build, struct table_set *store)
{
	const struct plan *plan = build->plan;
	struct table_set *call =
		table_model_set(build->model, "call", TABLE_TYPE_MARK, TABLE_TYPE_VERDICT);
	char name[NAME_MAX_BYTES];
	table_set_add(store, NFSHAPER_ANSWER_PASS, 0, "called");
	for (size_t i = 0; i < plan->ids.count; i++) {
		const struct outcome *outcome = &plan->ids.items[i];
		if (outcome->kind != OUTCOME_CALL)
			continue;
		table_set_add(call, nfshaper_mark(plan->mark_mask, outcome->id), 0,
			      call_chain_name(outcome->id, name));
		table_set_add(store, NFSHAPER_ASK_CALL | outcome->id, 0, "uncalled");
		table_set_add(store, NFSHAPER_ASK_CALL_ALIVE | outcome->id, 0, "uncalled");
	}
}

void table_build_call_rule(struct build *build, struct table_chain *queue, uint32_t hook)
{
	struct table_rule *rule;
	if (!has_kind(build->plan, OUTCOME_CALL))
		return;
	rule = table_chain_rule(queue);
	match_mark_bits(rule, build->plan->mark_mask);
	verdict_jump(rule, find_hook(hook)->call);
}

void table_build_exempt_call(struct build *build, struct table_chain *exempt)
{
	struct table_rule *rule;
	if (!has_kind(build->plan, OUTCOME_CALL))
		return;
	rule = table_chain_rule(exempt);
	match_mark_bits(rule, build->plan->mark_mask);
	clear_mark(rule, build->plan->mark_mask);
}

void table_build_inspect_rule(struct build *build, struct table_chain *queue, uint32_t hook)
{
	struct table_rule *rule;
	if (!has_kind(build->plan, OUTCOME_QUEUED))
		return;
	rule = table_chain_rule(queue);
	match_ct_mark(rule, build->plan->mark_mask, "inspect");
	verdict_goto(rule, find_hook(hook)->inspect);
}

/* What is exempt is so for a call, too. */
static void build_call_entry(struct build *build, const struct call_hook *hook)
{
	struct table_chain *chain = table_model_chain(build->model, hook->call, NULL, NULL);
	struct table_rule *rule;
	if (hook->management) {
		rule = table_chain_rule(chain);
		match_interface(rule, hook->is_incoming ? TABLE_INCOMING : TABLE_OUTGOING, "lo");
		verdict_goto(rule, "exempt_packet");
	}
	verdict_jump(table_chain_rule(chain), "exempt");
	if (hook->management)
		verdict_jump(table_chain_rule(chain), hook->management);
	verdict_by_mark(table_chain_rule(chain), build->plan->mark_mask, "call");
}

/* The comment gives the id its throttle back after a crash. */
static void build_call_chain(struct build *build, const struct outcome *outcome)
{
	char name[NAME_MAX_BYTES];
	char *comment = xasprintf("%s %s", outcome_kind_text(outcome->kind), outcome->name);
	struct table_chain *chain =
		table_model_chain(build->model, call_chain_name(outcome->id, name), NULL, comment);
	struct table_rule *rule;
	free(comment);
	set_priority(table_chain_rule(chain), NFSHAPER_ASK_CALL | outcome->id);
	rule = table_chain_rule(chain);
	match_ct_confirmed(rule, true);
	set_priority(rule, NFSHAPER_ASK_CALL_ALIVE | outcome->id);
	verdict_goto(table_chain_rule(chain), TABLE_SEGMENTS_CHAIN);
}

static void build_call_answers(struct build *build)
{
	struct table_chain *called = table_model_chain(build->model, "called", NULL, NULL);
	struct table_chain *uncalled = table_model_chain(build->model, "uncalled", NULL, NULL);
	clear_mark(table_chain_rule(called), build->plan->mark_mask);
	set_priority(table_chain_rule(called), 0);
	clear_mark(table_chain_rule(uncalled), build->plan->mark_mask);
	verdict_goto(table_chain_rule(uncalled), "undecided");
}

static void build_inspect_chain(struct build *build, const char *name, bool is_outgoing)
{
	struct table_chain *inspect = table_model_chain(build->model, name, NULL, NULL);
	struct table_rule *rule;
	if (is_outgoing) {
		/* nfshaper's own resets leave as replies, and must. */
		rule = table_chain_rule(inspect);
		match_ct_direction(rule, false);
		match_tcp_reset(rule);
		verdict_accept(rule);
	}
	set_priority(table_chain_rule(inspect), NFSHAPER_ASK_ORIGINAL);
	rule = table_chain_rule(inspect);
	match_ct_direction(rule, false);
	set_priority(rule, NFSHAPER_ASK_REPLY);
	verdict_goto(table_chain_rule(inspect), TABLE_SEGMENTS_CHAIN);
}

void table_build_throttle_chains(struct build *build)
{
	const struct plan *plan = build->plan;
	build_inspect_chain(build, "inspect", false);
	build_inspect_chain(build, "inspect_out", true);
	build_call_answers(build);
	for (size_t i = 0; i < plan->ids.count; i++)
		if (plan->ids.items[i].kind == OUTCOME_CALL)
			build_call_chain(build, &plan->ids.items[i]);
	for (size_t i = 0; i < N_HOOKS && has_kind(plan, OUTCOME_CALL); i++)
		build_call_entry(build, &hooks[i]);
}
