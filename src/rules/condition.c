/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/condition.h"

#include <stdlib.h>

#include "config/report.h"
#include "rules/attribute.h"
#include "util/alloc.h"

/* What an expression is compiled with. */
struct condition_text {
	const char *text;
	struct named_sets *sets;
	bool is_for_listing;
};

static int refuse_listed(const struct expr_test *test, struct fault *fault)
{
	const char *name = attribute_info(test->attribute)->name;
	return fault_set(fault, test->attribute_offset,
			 "`%s` is what the rules decide: only listings of connections, such as "
			 "`nfshaper netstat`, can be asked for it",
			 name);
}

/* The recursions here go as deep as the parsed tree, which EXPR_DEPTH_MAX bounds. */
static int compile(const struct condition_text *source, const struct expr *expr,
		   struct condition *condition, struct fault *fault)
{
	condition->kind = expr->kind;
	if (expr->kind == EXPR_TEST && !source->is_for_listing &&
	    attribute_is_listed(expr->test.attribute))
		return refuse_listed(&expr->test, fault);
	if (expr->kind == EXPR_TEST)
		return predicate_compile(source->text, &expr->test, source->sets,
					 &condition->predicate, fault);
	condition->children = xcalloc(expr->n_children, sizeof(struct condition));
	for (size_t i = 0; i < expr->n_children; i++) {
		condition->n_children = i + 1;
		int error = compile(source, expr->children[i], &condition->children[i], fault);
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

/* Numbers those that follow `count` others; how many there are then. */
static unsigned number_owner_tests(struct condition *condition, unsigned count)
{
	if (condition->kind == EXPR_TEST &&
	    attribute_info(condition->predicate.attribute)->level > OWNER_NOTHING)
		condition->predicate.owner_test = ++count;
	for (size_t i = 0; i < condition->n_children; i++)
		count = number_owner_tests(&condition->children[i], count);
	return count;
}

static struct condition *condition_of(const struct condition_text *source, struct fault *fault)
{
	struct expr *expr;
	if (expr_parse(source->text, &expr, fault))
		return NULL;
	struct condition *condition = xcalloc(1, sizeof(*condition));
	int error = compile(source, expr, condition, fault);
	expr_free(expr);
	if (error) {
		condition_free(condition);
		return NULL;
	}
	number_owner_tests(condition, 0);
	return condition;
}

struct condition *condition_new_with_sets(const char *text, struct named_sets *sets,
					  struct fault *fault)
{
	return condition_of(&(struct condition_text){text, sets, false}, fault);
}

struct condition *condition_new(const char *text, struct fault *fault)
{
	return condition_new_with_sets(text, NULL, fault);
}

struct condition *condition_new_for_listing(const char *text, struct named_sets *sets,
					    struct fault *fault)
{
	return condition_of(&(struct condition_text){text, sets, true}, fault);
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
		report_error(diags, fault.at, "%s in rule `%s`, %s", fault.message,
			     SHOWN(rule->name), PLACE_SHOWN(rule->at, fault.at));
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

/* Kleene's logic of three values: what is open does not matter where another part settles it. */
struct truth condition_truth(const struct condition *condition, struct evaluation *evaluation)
{
	bool settles = condition->kind == EXPR_OR;
	struct truth whole = {.holds = !settles}, part;
	switch (condition->kind) {
	case EXPR_TEST:
		return predicate_truth(&condition->predicate, evaluation);
	case EXPR_NOT:
		part = condition_truth(&condition->children[0], evaluation);
		part.holds = !part.holds;
		return part;
	case EXPR_AND:
	case EXPR_OR:
		break;
	}
	for (size_t i = 0; i < condition->n_children; i++) {
		part = condition_truth(&condition->children[i], evaluation);
		if (!part.open && part.holds == settles)
			return part;
		whole.open |= part.open;
	}
	return whole;
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

unsigned condition_owner_tests(const struct condition *condition)
{
	unsigned count = 0;
	if (!condition)
		return 0;
	if (condition->kind == EXPR_TEST)
		return condition->predicate.owner_test ? 1 : 0;
	for (size_t i = 0; i < condition->n_children; i++)
		count += condition_owner_tests(&condition->children[i]);
	return count;
}

uint64_t condition_owner_answers(const struct condition *condition, struct evaluation *evaluation,
				 unsigned count)
{
	unsigned number = condition->predicate.owner_test;
	uint64_t answers = 0;
	if (condition->kind == EXPR_TEST && number && number <= count &&
	    predicate_holds(&condition->predicate, evaluation))
		answers = UINT64_C(1) << (number - 1);
	for (size_t i = 0; i < condition->n_children; i++)
		answers |= condition_owner_answers(&condition->children[i], evaluation, count);
	return answers;
}

uint64_t condition_attributes(const struct condition *condition)
{
	uint64_t attributes = 0;
	if (!condition)
		return 0;
	if (condition->kind == EXPR_TEST)
		return UINT64_C(1) << condition->predicate.attribute;
	for (size_t i = 0; i < condition->n_children; i++)
		attributes |= condition_attributes(&condition->children[i]);
	return attributes;
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
