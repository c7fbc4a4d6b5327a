/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole expression, compiled: a tree of predicates, evaluated in the order written. */
#ifndef RULES_CONDITION_H
#define RULES_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "rules/evaluation.h"
#include "rules/expr.h"
#include "rules/fault.h"
#include "rules/predicate.h"
#include "util/diag.h"

struct condition {
	enum expr_kind kind;
	size_t n_children;
	struct condition *children; /* one array; of and, or, not */
	struct predicate predicate; /* of EXPR_TEST */
};

/*
 * Parses and compiles. NULL and the fault, or a condition for condition_free(). `sets` are needed
 * for this call only; NULL: there are none.
 */
struct condition *condition_new_with_sets(const char *text, struct named_sets *sets,
					  struct fault *fault);
struct condition *condition_new(const char *text, struct fault *fault);

/*
 * The same for an expression that chooses from a listing of connections: it may also ask for
 * `class` and `rule`, which facts.class and facts.rule tell. Asked with condition_holds().
 */
struct condition *condition_new_for_listing(const char *text, struct named_sets *sets,
					    struct fault *fault);

/*
 * The condition of a rule, which has one. NULL with an error in *diags that has the place of what
 * is wrong, in the rule or in an entry of a set that it uses.
 */
struct condition *condition_of_rule(const struct config_rule *rule, struct named_sets *sets,
				    struct diags *diags);

void condition_free(struct condition *condition);

/* Asks no more than it needs for an answer, from left to right. */
struct truth condition_truth(const struct condition *condition, struct evaluation *evaluation);

/* The same where nothing is open, or what is open counts as not known. */
bool condition_holds(const struct condition *condition, struct evaluation *evaluation);

/*
 * The tests on the owner, numbered in the order written: how many there are, and what the first
 * `count` of them (at most 64) answer, one bit each. NULL has none.
 */
unsigned condition_owner_tests(const struct condition *condition);
uint64_t condition_owner_answers(const struct condition *condition, struct evaluation *evaluation,
				 unsigned count);

/* Bits 1 << attribute of what it asks for. NULL asks nothing. */
uint64_t condition_attributes(const struct condition *condition);

/* The first test that asks for the attribute, or NULL. It belongs to the condition. */
const struct predicate *condition_find(const struct condition *condition, enum attribute attribute);

/* The first test that needs a country database, or NULL. */
const struct predicate *condition_find_geo(const struct condition *condition);

/* As ruleset_explain(), for one condition. The caller frees the text. */
char *condition_explain(const struct condition *condition, struct evaluation *evaluation);

#endif
