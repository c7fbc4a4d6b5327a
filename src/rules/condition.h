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
 * The condition of a rule, which has one. NULL with an error in *diags that has the place of what
 * is wrong, in the rule or in an entry of a set that it uses.
 */
struct condition *condition_of_rule(const struct config_rule *rule, struct named_sets *sets,
				    struct diags *diags);

void condition_free(struct condition *condition);

bool condition_holds(const struct condition *condition, struct evaluation *evaluation);

/* In the order in which `and` takes the least, `or` the greatest. */
enum truth { TRUTH_FALSE, TRUTH_OPEN, TRUTH_TRUE };

/*
 * The same where some attributes are open (facts->open): a test of one may hold or not, and
 * TRUTH_OPEN says that the condition depends on it (Kleene's three values). What is not open may be
 * open all the same where one attribute is tested twice: `iif == a or iif != a`.
 */
enum truth condition_truth(const struct condition *condition, struct evaluation *evaluation);

/* The first test that asks for the attribute, or NULL. It belongs to the condition. */
const struct predicate *condition_find(const struct condition *condition, enum attribute attribute);

/* The first test that needs a country database, or NULL. */
const struct predicate *condition_find_geo(const struct condition *condition);

/* As ruleset_explain(), for one condition. The caller frees the text. */
char *condition_explain(const struct condition *condition, struct evaluation *evaluation);

#endif
