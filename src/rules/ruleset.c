/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of a condition: config text -> lexer -> parser -> struct expr -> struct condition, a tree
 * of struct predicate. All trees together become a classifier, which the packet path asks. The
 * trees are kept: they say why a rule matches, and what the classifier ought to have answered.
 */
#include "rules/ruleset.h"

#include <assert.h>
#include <stdlib.h>

#include "rules/accounts.h"
#include "rules/attribute.h"
#include "rules/classifier.h"
#include "rules/condition.h"
#include "rules/schedule.h"
#include "util/alloc.h"

struct ruleset {
	size_t count;
	struct condition **conditions; /* NULL: every packet matches */
	struct classifier *classifier; /* of these conditions */
	struct schedule schedule;
	bool needs_geo;
	uint64_t above[OWNER_PROCESS + 1]; /* attributes that some rule asks for, by what of the
					      owner they need: more than this level */
};

/* Warns once, at the first test of a country: every other would say the same. */
static void check_geo(struct ruleset *ruleset, const struct config *config,
		      const struct config_rule *rule, const struct condition *condition,
		      struct diags *diags)
{
	const struct predicate *asks = condition_find_geo(condition);
	if (asks && !ruleset->needs_geo && !config->geoip)
		diag_warning(diags, config_text_place(&rule->condition, asks->offset),
			     "no `geoip:` database is named, so the country is never known");
	ruleset->needs_geo |= asks != NULL;
}

static void note_attributes(struct ruleset *ruleset, const struct condition *condition)
{
	uint64_t attributes = condition_attributes(condition);
	for (unsigned level = OWNER_NOTHING; level <= OWNER_PROCESS; level++)
		ruleset->above[level] |= attributes & attributes_above((enum owner_level)level);
}

struct ruleset *ruleset_compile(const struct config *config, struct diags *diags)
{
	bool failed = false;
	struct named_sets *sets = named_sets_new(config);
	struct accounts *accounts = accounts_new();
	struct ruleset *ruleset = xcalloc(1, sizeof(*ruleset));
	ruleset->count = config->n_rules;
	ruleset->conditions = xcalloc(config->n_rules, sizeof(struct condition *));
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct config_rule *rule = &config->rules[i];
		if (!rule->condition.text)
			continue;
		ruleset->conditions[i] = condition_of_rule(rule, sets, diags);
		if (!ruleset->conditions[i]) {
			failed = true;
			continue;
		}
		check_geo(ruleset, config, rule, ruleset->conditions[i], diags);
		accounts_check(accounts, rule, ruleset->conditions[i], diags);
		note_attributes(ruleset, ruleset->conditions[i]);
		schedule_add(&ruleset->schedule, ruleset->conditions[i]);
	}
	accounts_free(accounts);
	named_sets_free(sets);
	if (failed) {
		ruleset_free(ruleset);
		return NULL;
	}
	ruleset->classifier = classifier_new(ruleset->conditions, ruleset->count);
	return ruleset;
}

void ruleset_free(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	classifier_free(ruleset->classifier);
	for (size_t i = 0; i < ruleset->count; i++)
		condition_free(ruleset->conditions[i]);
	free(ruleset->conditions);
	free(ruleset);
}

size_t ruleset_count(const struct ruleset *ruleset)
{
	return ruleset->count;
}

const struct condition *ruleset_condition(const struct ruleset *ruleset, size_t rule)
{
	assert(rule < ruleset->count);
	return ruleset->conditions[rule];
}

bool ruleset_needs_geo(const struct ruleset *ruleset)
{
	return ruleset->needs_geo;
}

static bool rule_holds(const struct ruleset *ruleset, size_t rule, struct evaluation *evaluation)
{
	const struct condition *condition = ruleset->conditions[rule];
	return !condition || condition_holds(condition, evaluation);
}

enum owner_level ruleset_owner_level(const struct ruleset *ruleset)
{
	unsigned level = OWNER_NOTHING;
	while (ruleset->above[level])
		level++;
	return (enum owner_level)level;
}

/* What some rule asks of the owner that is not looked up. */
static uint64_t open_of_owner(const struct ruleset *ruleset, const struct facts *facts)
{
	uint64_t open = ruleset->above[owner_level_of(facts)];
	return facts->has_uid ? open & ~(UINT64_C(1) << ATTR_UID) : open;
}

int ruleset_match_open(const struct ruleset *ruleset, const struct facts *facts, size_t from,
		       uint64_t *ret_open)
{
	bool in_doubt;
	struct evaluation evaluation = evaluation_of(facts);
	evaluation.open = facts->open | open_of_owner(ruleset, facts);
	int rule = classifier_match(ruleset->classifier, &evaluation, (uint32_t)from, &in_doubt);
	*ret_open = 0;
	if (in_doubt) {
		struct truth truth = condition_truth(ruleset->conditions[rule], &evaluation);
		assert(truth.open || truth.holds); /* a conjunction in doubt is a part of it */
		*ret_open = truth.open;
	}
	return rule;
}

int ruleset_match_asking(const struct ruleset *ruleset, const struct facts *facts, size_t from,
			 enum owner_level *ret_wants)
{
	uint64_t open;
	int rule = ruleset_match_open(ruleset, facts, from, &open);
	*ret_wants = attributes_lowest_level(open);
	return rule;
}

const struct schedule *ruleset_schedule(const struct ruleset *ruleset)
{
	return &ruleset->schedule;
}

int ruleset_match_from(const struct ruleset *ruleset, const struct facts *facts, size_t from)
{
	bool in_doubt;
	struct evaluation evaluation = evaluation_of(facts);
	return classifier_match(ruleset->classifier, &evaluation, (uint32_t)from, &in_doubt);
}

int ruleset_match_plain(const struct ruleset *ruleset, const struct facts *facts, size_t from)
{
	struct evaluation evaluation = evaluation_of(facts);
	for (size_t i = from; i < ruleset->count; i++)
		if (rule_holds(ruleset, i, &evaluation))
			return (int)i;
	return -1;
}

bool ruleset_rule_matches(const struct ruleset *ruleset, size_t rule, const struct facts *facts)
{
	struct evaluation evaluation = evaluation_of(facts);
	assert(rule < ruleset->count);
	return rule_holds(ruleset, rule, &evaluation);
}

unsigned ruleset_owner_tests(const struct ruleset *ruleset, size_t rule)
{
	assert(rule < ruleset->count);
	return condition_owner_tests(ruleset->conditions[rule]);
}

uint64_t ruleset_owner_answers(const struct ruleset *ruleset, size_t rule,
			       const struct facts *facts, unsigned count)
{
	struct evaluation evaluation = evaluation_of(facts);
	assert(rule < ruleset->count && ruleset->conditions[rule]);
	return condition_owner_answers(ruleset->conditions[rule], &evaluation, count);
}

bool ruleset_rule_matches_told(const struct ruleset *ruleset, size_t rule,
			       const struct facts *facts, uint64_t answers, unsigned count)
{
	struct evaluation evaluation = evaluation_of(facts);
	evaluation.open = attributes_above(OWNER_NOTHING);
	evaluation.told = answers;
	evaluation.n_told = count;
	assert(rule < ruleset->count && ruleset->conditions[rule]);
	struct truth truth = condition_truth(ruleset->conditions[rule], &evaluation);
	return truth.open || truth.holds;
}

char *ruleset_explain(const struct ruleset *ruleset, size_t rule, const struct facts *facts)
{
	struct evaluation evaluation = evaluation_of(facts);
	assert(rule < ruleset->count);
	if (!ruleset->conditions[rule])
		return xstrdup("the rule has no condition: every packet matches");
	return condition_explain(ruleset->conditions[rule], &evaluation);
}
