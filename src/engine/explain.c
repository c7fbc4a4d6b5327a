/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/explain.h"

#include <nfshaper/mark.h>
#include <stdlib.h>

#include "util/alloc.h"

static const char *rule_name(const struct snapshot *snapshot, int rule)
{
	return rule < 0 ? NULL : snapshot->config->rules[rule].name;
}

/* A session's first packet is over only where it alone exceeds the limit. */
static bool is_over(const struct throttle_spec *spec, const struct facts *facts)
{
	switch (spec->kind) {
	case THROTTLE_WINDOW:
		break; /* at least one packet passes */
	case THROTTLE_BUCKET:
		return facts->packet->length > spec->bucket.burst_bytes;
	}
	return false;
}

static char *why(const struct snapshot *snapshot, size_t rule, bool matched,
		 const struct facts *facts)
{
	const struct snapshot_rule *what = &snapshot->rules[rule];
	char *reason = ruleset_explain(snapshot->ruleset, rule, facts);
	if (!matched || what->throttle == SNAPSHOT_NO_THROTTLE)
		return reason;
	const struct throttle_item *item = &snapshot->list.items[what->throttle];
	char *whole =
		xasprintf("%s; throttle %s: %s%s", reason, item->tag,
			  is_over(&item->spec, facts) ? "longer than its burst, so over the limit"
						      : "within its limit where the session is new",
			  what->id || is_over(&item->spec, facts) ? "" : ", the search goes on");
	free(reason);
	return whole;
}

/* The steps from rule `first` up to `last`. */
static void trace(const struct snapshot *snapshot, const struct facts *facts, size_t first,
		  size_t last, struct explanation *explanation)
{
	const struct config *config = snapshot->config;
	for (size_t i = first; i <= last && i < config->n_rules; i++) {
		bool matched = ruleset_rule_matches(snapshot->ruleset, i, facts);
		explanation->steps[explanation->n_steps++] = (struct explain_step){
			.rule = config->rules[i].name,
			.matched = matched,
			.why = why(snapshot, i, matched, facts),
		};
	}
}

/* True where the plain rules say otherwise than `rule`. */
static bool disagree(const struct snapshot *snapshot, const struct facts *facts, size_t from,
		     int rule, struct explanation *explanation)
{
	int plain = ruleset_match_plain(snapshot->ruleset, facts, from);
	if (plain == rule)
		return false;
	explanation->disagrees = true;
	explanation->plain_rule = rule_name(snapshot, plain);
	trace(snapshot, facts, from,
	      (size_t)(rule < 0 || plain < 0 ? -1
		       : plain > rule        ? plain
					     : rule),
	      explanation);
	return true;
}

/* What a matching rule makes of the packet: an outcome, or NULL where the search goes on. */
static const struct outcome *outcome_of(const struct snapshot *snapshot, int rule, bool queued,
					const struct facts *facts, bool *ret_stored)
{
	static const struct outcome drop = {.kind = OUTCOME_DROP, .name = (char *)"drop"};
	static const struct outcome reject = {.kind = OUTCOME_REJECT, .name = (char *)"reject"};
	const struct snapshot_rule *what = &snapshot->rules[rule];
	const struct ids *ids = &snapshot->plan->ids;
	*ret_stored = true;
	if (what->throttle == SNAPSHOT_NO_THROTTLE ||
	    !is_over(&snapshot->list.items[what->throttle].spec, facts))
		return what->id ? ids_by_id(ids, queued ? what->queued_id : what->id) : NULL;
	if (what->over == OUTCOME_CLASS)
		return ids_by_id(ids, queued ? what->over_queued_id : what->over_id);
	*ret_stored = false;
	return what->over == OUTCOME_DROP ? &drop : &reject;
}

/* From rule to rule, as path_find() goes. */
static void walk(const struct snapshot *snapshot, const struct facts *facts,
		 struct explanation *explanation)
{
	const struct outcome *outcome = NULL;
	bool queued = false, stored = true;
	int rule = -1;
	explanation->steps =
		xcalloc(2 * snapshot->config->n_rules + 1, sizeof(*explanation->steps));
	do {
		size_t from = (size_t)(rule + 1);
		rule = ruleset_match_from(snapshot->ruleset, facts, from);
		if (!disagree(snapshot, facts, from, rule, explanation))
			trace(snapshot, facts, from, (size_t)rule, explanation);
		queued |= rule >= 0 && snapshot->rules[rule].counts_packets;
		if (rule >= 0)
			outcome = outcome_of(snapshot, rule, queued, facts, &stored);
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
	if (!explanation.exemption)
		walk(snapshot, facts, &explanation);
	*ret_explanation = explanation;
}

void explanation_fini(struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->n_steps; i++)
		free(explanation->steps[i].why);
	free(explanation->steps);
	*explanation = (struct explanation){0};
}
