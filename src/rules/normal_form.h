/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A condition as an `or` of conjunctions, which is what the classifier can lay side by side.
 *
 * Nots go down to the tests. Every part of a condition has two values, so De Morgan's laws hold;
 * what does not hold is `not a == b` as `a != b` where `a` is not known, and so a negated test
 * stays a test with a mark. An `or` of tests on one attribute stays together as one literal.
 *
 * Multiplied out, an `and` of `or`s may grow without bound. A factor that would make it too large
 * is kept whole as a literal: the conjunction then needs that tree's answer too. Nothing is
 * refused, and the form is never much larger than what was written.
 */
#ifndef RULES_NORMAL_FORM_H
#define RULES_NORMAL_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/condition.h"

#define NORMAL_FORM_MAX 8192 /* conjunctions of one condition */

/*
 * What has to hold, or not to. `test` NULL: the whole `condition`. Otherwise `condition` is that
 * test, or an `or`: of its children, those that literal_has() names.
 */
struct literal {
	const struct condition *condition;
	const struct predicate *test; /* belongs to the condition */
	bool is_negated;
};

/* True where this child of the literal's `or` is part of the literal. */
bool literal_has(const struct literal *literal, const struct condition *child);

/* True where the attribute's classes can answer the test; patterns and lists have to be tried. */
bool predicate_is_set(const struct predicate *predicate);

struct conjunction {
	struct literal *literals;
	size_t count;
	size_t capacity;
};

/* No conjunction: never true. An empty conjunction: always true. */
struct normal_form {
	struct conjunction *items;
	size_t count;
	size_t capacity;
};

/*
 * The condition (NULL: always true) has to outlive the form, which ends with x_fini(). An `and` of
 * several `or`s becomes at most `product_max` conjunctions, or as many as its longest `or` has.
 */
void normal_form_init(struct normal_form *form, const struct condition *condition,
		      size_t product_max);
void normal_form_fini(struct normal_form *form);

#endif
