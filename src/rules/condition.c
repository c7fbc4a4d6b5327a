/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/condition.h"

#include <stdlib.h>

#include "config/report.h"
#include "util/alloc.h"

/* The recursions here go as deep as the parsed tree, which EXPR_DEPTH_MAX bounds. */
static int compile(const char *text, const struct expr *expr, struct named_sets *sets,
		   struct condition *condition, struct fault *fault)
{
	condition->kind = expr->kind;
	if (expr->kind == EXPR_TEST)
		return predicate_compile(text, &expr->test, sets, &condition->predicate, fault);
	condition->children = xcalloc(expr->n_children, sizeof(struct condition));
	for (size_t i = 0; i < expr->n_children; i++) {
		condition->n_children = i + 1;
		int error = compile(text, expr->children[i], sets, &condition->children[i], fault);
		if (error)
			return error;
	}
	return 0;
}

static void fini(struct condition *condition)
{
	for (size_t i = 0; i < condition->n_children; i++)
		fini(&condition->children[i]);
	free(condition->children);
	predicate_fini(&condition->predicate);
}

struct condition *condition_new_with_sets(const char *text, struct named_sets *sets,
					  struct fault *fault)
{
	struct expr *expr;
	if (expr_parse(text, &expr, fault))
		return NULL;
	struct condition *condition = xcalloc(1, sizeof(*condition));
	int error = compile(text, expr, sets, condition, fault);
	expr_free(expr);
	if (error) {
		condition_free(condition);
		return NULL;
	}
	return condition;
}

struct condition *condition_new(const char *text, struct fault *fault)
{
	return condition_new_with_sets(text, NULL, fault);
}

struct condition *condition_of_rule(const struct config_rule *rule, struct named_sets *sets,
				    struct diags *diags)
{
	struct fault fault = {0};
	struct condition *condition = NULL;
	if (diags->errors > REPORT_ERRORS_MAX)
		return NULL; /* nobody would see what else is wrong */
	condition = condition_new_with_sets(rule->condition.text, sets, &fault);
	if (!condition && fault.at.file)
		report_error(diags, fault.at, "%s in rule `%s`, line %u", fault.message,
			     SHOWN(rule->name), rule->at.line);
	else if (!condition)
		report_error(diags, config_text_place(&rule->condition, fault.offset), "%s",
			     fault.message);
	fault_fini(&fault);
	return condition;
}

void condition_free(struct condition *condition)
{
	if (!condition)
		return;
	fini(condition);
	free(condition);
}

bool condition_holds(const struct condition *condition, struct evaluation *evaluation)
{
	switch (condition->kind) {
	case EXPR_AND:
		for (size_t i = 0; i < condition->n_children; i++)
			if (!condition_holds(&condition->children[i], evaluation))
				return false;
		return true;
	case EXPR_OR:
		for (size_t i = 0; i < condition->n_children; i++)
			if (condition_holds(&condition->children[i], evaluation))
				return true;
		return false;
	case EXPR_NOT:
		return !condition_holds(&condition->children[0], evaluation);
	case EXPR_TEST:
		break;
	}
	return predicate_holds(&condition->predicate, evaluation);
}

static enum truth predicate_truth(const struct predicate *predicate, struct evaluation *evaluation)
{
	if (evaluation->facts->open >> predicate->attribute & 1)
		return TRUTH_OPEN;
	return predicate_holds(predicate, evaluation) ? TRUTH_TRUE : TRUTH_FALSE;
}

/* The least, or the greatest, of all; begins with what `and` and `or` of nothing are. */
static enum truth combine(const struct condition *condition, struct evaluation *evaluation)
{
	bool is_and = condition->kind == EXPR_AND;
	enum truth truth = is_and ? TRUTH_TRUE : TRUTH_FALSE;
	enum truth end = is_and ? TRUTH_FALSE : TRUTH_TRUE;
	for (size_t i = 0; i < condition->n_children && truth != end; i++) {
		enum truth other = condition_truth(&condition->children[i], evaluation);
		if (is_and ? other < truth : other > truth)
			truth = other;
	}
	return truth;
}

enum truth condition_truth(const struct condition *condition, struct evaluation *evaluation)
{
	switch (condition->kind) {
	case EXPR_AND:
	case EXPR_OR:
		return combine(condition, evaluation);
	case EXPR_NOT:
		return TRUTH_TRUE - condition_truth(&condition->children[0], evaluation);
	case EXPR_TEST:
		break;
	}
	return predicate_truth(&condition->predicate, evaluation);
}

const struct predicate *condition_find(const struct condition *condition, enum attribute attribute)
{
	if (condition->kind == EXPR_TEST)
		return condition->predicate.attribute == attribute ? &condition->predicate : NULL;
	for (size_t i = 0; i < condition->n_children; i++) {
		const struct predicate *found = condition_find(&condition->children[i], attribute);
		if (found)
			return found;
	}
	return NULL;
}

const struct predicate *condition_find_geo(const struct condition *condition)
{
	if (condition->kind == EXPR_TEST) {
		enum attribute attribute = condition->predicate.attribute;
		bool is_geo = attribute == ATTR_CC || attribute == ATTR_COUNTRY ||
			      attribute == ATTR_CONTINENT;
		return is_geo ? &condition->predicate : NULL;
	}
	for (size_t i = 0; i < condition->n_children; i++) {
		const struct predicate *found = condition_find_geo(&condition->children[i]);
		if (found)
			return found;
	}
	return NULL;
}
