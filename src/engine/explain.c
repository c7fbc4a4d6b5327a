/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/explain.h"

#include <nfshaper/mark.h>
#include <stdlib.h>

#include "util/alloc.h"

static const char *rule_name(const struct snapshot *snapshot, int rule)
{
	return rule < 0 ? NULL : snapshot->config->rules[rule].name;
}

/* One packet on its way from rule to rule, as path_find() and path_charge() go. */
struct walk {
	const struct snapshot *snapshot;
	const struct facts *facts;
	uint32_t *charged; /* how often, by throttle: two rules may have the same one */
	struct explanation *explanation;
};

/* Of a new session a packet is over where it alone, charged by all its rules, exceeds the limit. */
static bool is_over(const struct walk *walk, uint32_t throttle)
{
	const struct throttle_spec *spec = &walk->snapshot->list.items[throttle].spec;
	uint64_t times = walk->charged[throttle] + 1ull;
	switch (spec->kind) {
	case THROTTLE_WINDOW:
		return times > spec->window.packets;
	case THROTTLE_BUCKET:
		return times * walk->facts->packet->length > spec->bucket.burst_bytes;
	}
	return false;
}

static const char *throttle_text(const struct walk *walk, uint32_t throttle)
{
	if (!is_over(walk, throttle))
		return "within its limit where the session is new";
	return walk->charged[throttle] ? "charged by a rule before, so over the limit"
				       : "longer than its burst, so over the limit";
}

static char *why(const struct walk *walk, size_t rule, bool matched)
{
	const struct snapshot_rule *what = &walk->snapshot->rules[rule];
	char *reason = ruleset_explain(walk->snapshot->ruleset, rule, walk->facts);
	if (!matched || what->throttle == SNAPSHOT_NO_THROTTLE)
		return reason;
	bool goes_on = !what->id && !is_over(walk, what->throttle);
	char *whole = xasprintf(
		"%s; throttle %s: %s%s", reason, walk->snapshot->list.items[what->throttle].tag,
		throttle_text(walk, what->throttle), goes_on ? ", the search goes on" : "");
	free(reason);
	return whole;
}

/* The steps from rule `first` up to `last`. */
static void trace(const struct walk *walk, size_t first, size_t last)
{
	const struct config *config = walk->snapshot->config;
	struct explanation *explanation = walk->explanation;
	for (size_t i = first; i <= last && i < config->n_rules; i++) {
		bool matched = ruleset_rule_matches(walk->snapshot->ruleset, i, walk->facts);
		explanation->steps[explanation->n_steps++] = (struct explain_step){
			.rule = config->rules[i].name,
			.matched = matched,
			.why = why(walk, i, matched),
		};
	}
}

/* True where the plain rules say otherwise than `rule`. */
static bool disagree(const struct walk *walk, size_t from, int rule)
{
	int plain = ruleset_match_plain(walk->snapshot->ruleset, walk->facts, from);
	if (plain == rule)
		return false;
	walk->explanation->disagrees = true;
	walk->explanation->plain_rule = rule_name(walk->snapshot, plain);
	trace(walk, from, (size_t)(rule < 0 || plain < 0 ? -1 : plain > rule ? plain : rule));
	return true;
}

/* What a matching rule makes of the packet: an outcome, or NULL where the search goes on. */
static const struct outcome *outcome_of(const struct walk *walk, int rule, bool queued,
					bool *ret_stored)
{
	static const struct outcome drop = {.kind = OUTCOME_DROP, .name = (char *)"drop"};
	static const struct outcome reject = {.kind = OUTCOME_REJECT, .name = (char *)"reject"};
	const struct snapshot_rule *what = &walk->snapshot->rules[rule];
	const struct ids *ids = &walk->snapshot->plan->ids;
	bool throttled = what->throttle != SNAPSHOT_NO_THROTTLE;
	*ret_stored = true;
	if (!throttled || !is_over(walk, what->throttle)) {
		if (throttled)
			walk->charged[what->throttle]++;
		return what->id ? ids_by_id(ids, queued ? what->queued_id : what->id) : NULL;
	}
	if (what->over == OUTCOME_CLASS)
		return ids_by_id(ids, queued ? what->over_queued_id : what->over_id);
	*ret_stored = false;
	return what->over == OUTCOME_DROP ? &drop : &reject;
}

static void go(struct walk *walk)
{
	const struct snapshot *snapshot = walk->snapshot;
	struct explanation *explanation = walk->explanation;
	const struct outcome *outcome = NULL;
	bool queued = false, stored = true;
	int rule = -1;
	explanation->steps =
		xcalloc(2 * snapshot->config->n_rules + 1, sizeof(*explanation->steps));
	do {
		size_t from = (size_t)(rule + 1);
		rule = ruleset_match_from(snapshot->ruleset, walk->facts, from);
		if (!disagree(walk, from, rule))
			trace(walk, from, (size_t)rule);
		queued |= rule >= 0 && snapshot->rules[rule].counts_packets;
		if (rule >= 0)
			outcome = outcome_of(walk, rule, queued, &stored);
	} while (rule >= 0 && !outcome && !explanation->disagrees);
	if (!outcome)
		outcome = ids_by_id(&snapshot->plan->ids,
				    queued ? snapshot->default_queued_id : snapshot->default_id);
	explanation->outcome = outcome;
	explanation->rule = rule_name(snapshot, rule);
	explanation->mark = stored ? nfshaper_mark(snapshot->plan->mark_mask, outcome->id) : 0;
}

void explain(const struct snapshot *snapshot, const struct facts *facts, const char *exemption,
	     struct explanation *ret_explanation)
{
	struct explanation explanation = {
		.exemption = exemption ? exemption : decide_exemption(snapshot, facts),
		.outcome = &snapshot->plan->ids.items[0],
	};
	if (!explanation.exemption) {
		struct walk walk = {snapshot, facts,
				    xcalloc(snapshot->list.count, sizeof(*walk.charged)),
				    &explanation};
		go(&walk);
		free(walk.charged);
	}
	*ret_explanation = explanation;
}

void explanation_fini(struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->n_steps; i++)
		free(explanation->steps[i].why);
	free(explanation->steps);
	*explanation = (struct explanation){0};
}
