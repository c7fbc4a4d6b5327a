/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/explain.h"

#include <nfshaper/mark.h>
#include <stdlib.h>

#include "util/alloc.h"

static const char *rule_name(const struct snapshot *snapshot, int rule)
{
	return rule < 0 ? NULL : snapshot->config->rules[rule].name;
}

/* Up to the rule `last`, or all where it is negative. */
static void trace(const struct snapshot *snapshot, const struct facts *facts, int last,
		  struct explanation *explanation)
{
	const struct config *config = snapshot->config;
	explanation->n_steps = last < 0 ? config->n_rules : (size_t)last + 1;
	explanation->steps = xcalloc(explanation->n_steps, sizeof(*explanation->steps));
	for (size_t i = 0; i < explanation->n_steps; i++) {
		explanation->steps[i] = (struct explain_step){
			.rule = config->rules[i].name,
			.matched = ruleset_rule_matches(snapshot->ruleset, i, facts),
			.why = ruleset_explain(snapshot->ruleset, i, facts),
		};
	}
}

void explain(const struct snapshot *snapshot, const struct facts *facts, const char *exemption,
	     struct explanation *ret_explanation)
{
	const struct plan *plan = snapshot->plan;
	struct explanation explanation = {
		.exemption = exemption ? exemption : decide_exemption(snapshot, facts),
		.outcome = &plan->ids.items[0],
	};
	if (!explanation.exemption) {
		struct decision decision = decide(snapshot, facts);
		int plain = ruleset_match_plain(snapshot->ruleset, facts);
		int last = decision.rule;
		explanation.outcome = ids_by_id(&plan->ids, decision.id);
		explanation.mark = nfshaper_mark(plan->mark_mask, decision.id);
		explanation.rule = rule_name(snapshot, decision.rule);
		if (plain != decision.rule) {
			explanation.disagrees = true;
			explanation.plain_rule = rule_name(snapshot, plain);
			if (plain < 0 || (last >= 0 && plain > last))
				last = plain;
		}
		trace(snapshot, facts, last, &explanation);
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
