/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/path.h"

#include "rules/attribute.h"
#include "rules/evaluation.h"

/* The sessions of a throttle by user are to be had only where the user was looked up. */
static bool is_user_open(const struct facts *facts)
{
	return !facts->has_uid && owner_level_of(facts) < OWNER_USER;
}

/* Nothing settles it: class default. */
static void path_begin(const struct snapshot *snapshot, struct path *path)
{
	path->rule = -1;
	path->id = snapshot->default_id;
	path->queued_id = snapshot->default_queued_id;
	path->is_open = false;
	path->wants = OWNER_NOTHING;
	path->has_uid = false;
	path->answers = 0;
	path->count = 0;
	path->n_tickets = 0;
}

/* The next rule on the way, or -1; false where the way depends on what is open. */
static bool next_rule(const struct snapshot *snapshot, const struct facts *facts, int *rule,
		      struct path *path)
{
	uint64_t open;
	*rule = ruleset_match_open(snapshot->ruleset, facts, (size_t)(*rule + 1), &open);
	if (!open && *rule >= 0 && snapshot->rules[*rule].is_by_user && is_user_open(facts))
		open = UINT64_C(1) << ATTR_UID;
	if (!open)
		return true;
	path_begin(snapshot, path);
	path->is_open = true;
	path->wants = attributes_lowest_level(open);
	return false;
}

/* What the next step keeps of its tests' answers, behind those of the steps before. */
static unsigned take_answers(const struct snapshot *snapshot, uint32_t rule, unsigned *used)
{
	unsigned count = snapshot->rules[rule].n_owner_tests, room = SNAPSHOT_ANSWERS - *used;
	if (count > room)
		count = room;
	*used += count;
	return count;
}

/* The owner as far as later packets need it. */
static void keep_owner(const struct snapshot *snapshot, const struct facts *facts,
		       struct path *path)
{
	struct value uid;
	unsigned used = 0;
	facts_get(facts, ATTR_UID, &uid);
	path->has_uid = uid.type == VALUE_NUMBER;
	path->uid = path->has_uid ? (uint32_t)uid.number : 0;
	for (unsigned i = 0; i < path->count; i++) {
		unsigned first = used, count = take_answers(snapshot, path->steps[i], &used);
		if (count)
			path->answers |= ruleset_owner_answers(snapshot->ruleset, path->steps[i],
							       facts, count)
					 << first;
	}
}

static void find_rules(const struct snapshot *snapshot, const struct facts *facts,
		       struct path *ret_path)
{
	int rule = -1;
	while (next_rule(snapshot, facts, &rule, ret_path) && rule >= 0) {
		const struct snapshot_rule *what = &snapshot->rules[rule];
		if (what->throttle != SNAPSHOT_NO_THROTTLE)
			ret_path->steps[ret_path->count++] = (uint32_t)rule;
		if (what->id) {
			ret_path->rule = rule;
			ret_path->id = what->id;
			ret_path->queued_id = what->queued_id;
			return;
		}
	}
}

void path_find(const struct snapshot *snapshot, const struct facts *facts, struct path *ret_path)
{
	path_begin(snapshot, ret_path);
	find_rules(snapshot, facts, ret_path);
	if (ret_path->count)
		keep_owner(snapshot, facts, ret_path);
}

unsigned path_ticket(const struct snapshot *snapshot, struct path *path, const struct facts *facts,
		     struct throttle_ticket *ret_tickets, unsigned room)
{
	path->tickets = ret_tickets;
	path->n_tickets = path->count < room ? path->count : room;
	for (unsigned i = 0; i < path->n_tickets; i++) {
		uint32_t throttle = snapshot->rules[path->steps[i]].throttle;
		throttle_ticket_make(snapshot->throttles[throttle], facts, &ret_tickets[i]);
	}
	return path->n_tickets;
}

bool path_is_queued(const struct snapshot *snapshot, const struct path *path)
{
	for (unsigned i = 0; i < path->count; i++)
		if (snapshot->rules[path->steps[i]].counts_packets)
			return true;
	return false;
}

bool path_is_in_mark(const struct snapshot *snapshot, const struct path *path)
{
	bool may_have_left = false;
	for (unsigned i = 0; i < path->count; i++) {
		const struct snapshot_rule *rule = &snapshot->rules[path->steps[i]];
		if (rule->over != OUTCOME_CLASS)
			continue;
		if (rule->counts_packets)
			return false;
		may_have_left = true;
	}
	return may_have_left;
}

enum owner_level path_call_wants(const struct snapshot *snapshot, uint32_t call,
				 const struct facts *facts)
{
	struct throttle *throttle;
	const struct throttle_item *item = snapshot_call(snapshot, call, &throttle);
	bool is_by_user = item && item->spec.session.fields & SESSION_BIT(SESSION_USER);
	return is_by_user && is_user_open(facts) ? OWNER_USER : OWNER_NOTHING;
}

/* Only one thread writes them. */
static void count(_Atomic uint64_t *figure)
{
	uint64_t value = atomic_load_explicit(figure, memory_order_relaxed);
	atomic_store_explicit(figure, value + 1, memory_order_relaxed);
}

/*
 * Whether the step's throttle counts this packet. *used of the answers are those of the steps
 * before.
 */
static bool is_counted(const struct snapshot *snapshot, const struct path *path, unsigned step,
		       const struct charge *charge, unsigned *used)
{
	uint32_t rule = path->steps[step];
	unsigned first = *used;
	if (!snapshot->rules[rule].counts_packets)
		return charge->is_new;
	if (charge->is_first)
		return true;
	if (!snapshot->rules[rule].n_owner_tests)
		return ruleset_rule_matches(snapshot->ruleset, rule, charge->facts);
	unsigned count = take_answers(snapshot, rule, used);
	return ruleset_rule_matches_told(snapshot->ruleset, rule, charge->facts,
					 count ? path->answers >> first : 0, count);
}

static void count_hit(const struct charge *charge, uint32_t rule)
{
	if (charge->figures)
		count(&charge->figures[rule].hits);
}

static bool is_within(const struct snapshot *snapshot, const struct path *path, unsigned step,
		      const struct charge *charge)
{
	uint32_t rule = path->steps[step];
	struct throttle *throttle = snapshot->throttles[snapshot->rules[rule].throttle];
	bool within = step < path->n_tickets
			      ? throttle_ticket_charge(&path->tickets[step], charge->packets,
						       charge->bytes, charge->now_ns)
			      : throttle_charge(throttle, charge->facts, charge->packets,
						charge->bytes, charge->now_ns);
	if (charge->figures && !within)
		count(&charge->figures[rule].over);
	return within;
}

/* What becomes of a packet that is over the limit of the step's throttle. */
static struct decision over(const struct snapshot *snapshot, struct path *path, unsigned step)
{
	const struct snapshot_rule *rule = &snapshot->rules[path->steps[step]];
	struct decision decision = {
		.rule = (int)path->steps[step],
		.is_over = true,
		.is_counted = rule->counts_packets,
	};
	if (rule->over != OUTCOME_CLASS) {
		decision.kind = rule->over == OUTCOME_DROP ? DECISION_DROP : DECISION_REJECT;
		return decision;
	}
	if (!rule->counts_packets) {
		path->count = step;
		path->rule = decision.rule;
		path->id = rule->over_id;
		path->queued_id = rule->over_queued_id;
	}
	decision.kind = DECISION_STORE;
	decision.id = path_is_queued(snapshot, path) ? rule->over_queued_id : rule->over_id;
	return decision;
}

struct decision path_charge(const struct snapshot *snapshot, struct path *path,
			    const struct charge *charge)
{
	bool is_step = false, counts_packet = false;
	unsigned used = 0;
	for (unsigned i = 0; i < path->count; i++) {
		uint32_t rule = path->steps[i];
		bool counted = is_counted(snapshot, path, i, charge, &used);
		if (counted || charge->is_first)
			count_hit(charge, rule);
		if (counted && !is_within(snapshot, path, i, charge))
			return over(snapshot, path, i);
		counts_packet |= counted && snapshot->rules[rule].counts_packets;
		is_step = (int)rule == path->rule;
	}
	if (charge->is_first && path->rule >= 0 && !is_step)
		count_hit(charge, (uint32_t)path->rule);
	return (struct decision){
		.kind = DECISION_STORE,
		.id = path_is_queued(snapshot, path) ? path->queued_id : path->id,
		.rule = path->rule,
		.is_counted = counts_packet,
	};
}

struct decision path_charge_call(const struct snapshot *snapshot, uint32_t call,
				 const struct throttle_ticket *ticket, const struct charge *charge)
{
	struct decision decision = {.kind = DECISION_PASS, .rule = -1};
	struct throttle *throttle;
	const struct throttle_item *item = snapshot_call(snapshot, call, &throttle);
	if (!item || (!charge->is_new && item->spec.count == THROTTLE_CONNECTIONS))
		return decision;
	decision.is_over = ticket ? !throttle_ticket_charge(ticket, charge->packets, charge->bytes,
							    charge->now_ns)
				  : !throttle_charge(throttle, charge->facts, charge->packets,
						     charge->bytes, charge->now_ns);
	if (decision.is_over)
		decision.kind = item->over_rejects ? DECISION_REJECT : DECISION_DROP;
	return decision;
}
