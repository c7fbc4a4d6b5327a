/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/lint.h"

#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/report.h"
#include "engine/lint_rules.h"
#include "net/proto.h"
#include "util/alloc.h"

struct linter {
	const struct config *config;
	struct lint_rule *rules;
	size_t *same_as; /* the first rule with the same condition: often the rule itself */
	struct diags *diags;
	uint64_t work;
};

/* The rules that match all that another one could match: none, or one, or several together. */
struct cover {
	size_t rules[2]; /* the first two of them */
	size_t count;
};

/* Behind a rule that only has a throttle the search goes on. */
static bool settles(const struct linter *linter, size_t rule)
{
	return linter->config->rules[rule].action != ACTION_CONTINUE;
}

/* Rules that are the same to the letter are found whatever their number. */
static void find_same(struct linter *linter)
{
	const struct config *config = linter->config;
	struct names names = {0};
	for (size_t i = 0; i < config->n_rules; i++) {
		linter->same_as[i] = i;
		if (config->rules[i].condition.text && settles(linter, i))
			names_add(&names, config->rules[i].condition.text, i);
	}
	names_sort(&names);
	for (size_t i = 1; i < names.count; i++)
		if (strcmp(names.items[i - 1].text, names.items[i].text) == 0)
			linter->same_as[names.items[i].position] =
				linter->same_as[names.items[i - 1].position];
	names_fini(&names);
}

static uint64_t attributes_of(const struct conjunction *conjunction)
{
	uint64_t attributes = 0;
	for (size_t i = 0; i < conjunction->count; i++)
		if (conjunction->literals[i].test)
			attributes |= UINT64_C(1) << conjunction->literals[i].test->attribute;
		else if (conjunction->literals[i].condition->kind == EXPR_TEST)
			attributes |= UINT64_C(1)
				      << conjunction->literals[i].condition->predicate.attribute;
	return attributes;
}

/* The first rule before `rule` that matches all that the conjunction does; `rule`: none. */
static size_t find_cover(struct linter *linter, size_t rule, const struct conjunction *conjunction,
			 uint64_t allowance)
{
	uint64_t attributes = attributes_of(conjunction);
	for (size_t i = 0; i < rule && linter->work < allowance; i++) {
		const struct lint_rule *earlier = &linter->rules[i];
		if (settles(linter, i) && !earlier->is_false && !(earlier->needs & ~attributes) &&
		    lint_covers(earlier, conjunction, &linter->work))
			return i;
	}
	return rule;
}

static void add_to_cover(struct cover *cover, size_t rule)
{
	for (size_t i = 0; i < cover->count && i < 2; i++)
		if (cover->rules[i] == rule)
			return;
	if (cover->count < 2)
		cover->rules[cover->count] = rule;
	cover->count++;
	if (cover->count == 2 && cover->rules[1] < cover->rules[0]) {
		cover->rules[1] = cover->rules[0];
		cover->rules[0] = rule;
	}
}

/* False where some packet that the rule matches reaches it, as far as can be told. */
static bool is_covered(struct linter *linter, size_t rule, uint64_t allowance, struct cover *cover)
{
	const struct normal_form *holds = &linter->rules[rule].holds;
	*cover = (struct cover){0};
	if (linter->same_as[rule] != rule) {
		add_to_cover(cover, linter->same_as[rule]);
		return true;
	}
	for (size_t i = 0; i < holds->count; i++) {
		size_t found = find_cover(linter, rule, &holds->items[i], allowance);
		if (found == rule)
			return false;
		add_to_cover(cover, found);
	}
	return true;
}

/* `name` (line 12); the file too where it is another one. */
static char *rule_text(const struct config_rule *rule, const struct config_rule *other)
{
	return xasprintf("`%s` (%s)", SHOWN(rule->name), PLACE_SHOWN(rule->at, other->at));
}

static void warn_covered(struct linter *linter, size_t position, const struct cover *cover)
{
	const struct config_rule *rule = &linter->config->rules[position];
	char *first = rule_text(&linter->config->rules[cover->rules[0]], rule);
	if (cover->count == 1) {
		diag_warning(linter->diags, rule->at,
			     "rule `%s` is never reached: %s matches all that it could match",
			     SHOWN(rule->name), first);
	} else {
		char *second = rule_text(&linter->config->rules[cover->rules[1]], rule);
		diag_warning(linter->diags, rule->at,
			     "rule `%s` is never reached: %s%s %s%s match all that it could match",
			     SHOWN(rule->name), first, cover->count > 2 ? "," : " and", second,
			     cover->count > 2 ? " and others" : "");
		free(second);
	}
	free(first);
}

/* True where something was said: nothing else about the rule is then worth a word. */
static bool warn_condition(struct linter *linter, size_t position)
{
	const struct config_rule *rule = &linter->config->rules[position];
	const struct lint_rule *lint_rule = &linter->rules[position];
	struct place at = config_text_place(&rule->condition, 0);
	if (lint_rule->is_false)
		diag_warning(linter->diags, at, "rule `%s` never matches: no packet satisfies this",
			     SHOWN(rule->name));
	else if (lint_rule->is_hidden)
		diag_warning(linter->diags, rule->at,
			     "rule `%s` is never reached: all that it could match is exempt by "
			     "`management:`",
			     SHOWN(rule->name));
	return lint_rule->is_false || lint_rule->is_hidden;
}

/* The rest of the rule matches: more may be said of it. */
static bool warn_partly_hidden(struct linter *linter, size_t position)
{
	const struct config_rule *rule = &linter->config->rules[position];
	const struct lint_hidden *hidden = &linter->rules[position].hidden;
	char proto[PROTO_TEXT_MAX];
	if (!hidden->entry)
		return false;
	diag_warning(linter->diags, rule->at,
		     "rule `%s` matches nothing of what %s this host by %s: `management:` exempts "
		     "it, and only the rest can match",
		     SHOWN(rule->name), hidden->comes_in ? "comes in to" : "goes out from",
		     proto_text(hidden->entry->proto, proto));
	return true;
}

static void warn_always_true(struct linter *linter, size_t position)
{
	const struct config_rule *rule = &linter->config->rules[position];
	if (rule->condition.text && linter->rules[position].is_true && settles(linter, position))
		diag_warning(linter->diags, config_text_place(&rule->condition, 0),
			     "rule `%s` matches every packet: this is always true%s",
			     SHOWN(rule->name),
			     position + 1 < linter->config->n_rules
				     ? ", and no rule behind it is reached"
				     : "");
}

/* Behind a rule that matches all, there is nothing more to say. */
static void check_rules(struct linter *linter)
{
	size_t count = linter->config->n_rules, warnings = 0;
	bool ends = false;
	for (size_t i = 0; i < count && warnings < LINT_WARNINGS_MAX && !ends; i++) {
		struct cover cover;
		/* What earlier rules did not need is left for the later ones. */
		uint64_t allowance =
			(uint64_t)((double)LINT_WORK_MAX * (double)(i + 1) / (double)count);
		ends = linter->rules[i].is_true && settles(linter, i);
		if (warn_condition(linter, i)) {
			warnings++;
		} else if (is_covered(linter, i, allowance, &cover)) {
			warn_covered(linter, i, &cover);
			warnings++;
		} else {
			warnings += warn_partly_hidden(linter, i);
			warn_always_true(linter, i);
		}
	}
	if (warnings == LINT_WARNINGS_MAX)
		diag_warning(linter->diags, (struct place){.file = linter->config->path},
			     "warnings about more rules are not shown");
}

static void check_classes(const struct config *config, struct diags *diags)
{
	bool *used = xcalloc(config->n_classes, sizeof(*used));
	size_t warnings = 0;
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct config_rule *rule = &config->rules[i];
		if (rule->action == ACTION_CLASS)
			used[rule->class_index] = true;
		if (rule->has_throttle && rule->over == ACTION_CLASS)
			used[rule->over_class_index] = true;
	}
	/* [0] is `default`. */
	for (size_t i = 1; i < config->n_classes && warnings < LINT_WARNINGS_MAX; i++) {
		const struct config_class *class = &config->classes[i];
		if (!used[i])
			diag_warning(diags, class->at, "no rule uses class `%s`",
				     SHOWN(class->name));
		warnings += !used[i];
	}
	free(used);
}

uint64_t lint(const struct config *config, const struct ruleset *ruleset, struct diags *diags)
{
	struct linter linter = {
		.config = config,
		.rules = xcalloc(config->n_rules, sizeof(struct lint_rule)),
		.same_as = xcalloc(config->n_rules, sizeof(size_t)),
		.diags = diags,
	};
	uint64_t work = 0;
	for (size_t i = 0; i < config->n_rules; i++)
		lint_rule_init(&linter.rules[i], ruleset_condition(ruleset, i));
	lint_find_hidden(config, linter.rules, config->n_rules, &work);
	find_same(&linter);
	check_rules(&linter);
	check_classes(config, diags);
	for (size_t i = 0; i < config->n_rules; i++)
		lint_rule_fini(&linter.rules[i]);
	free(linter.rules);
	free(linter.same_as);
	return linter.work + work;
}
