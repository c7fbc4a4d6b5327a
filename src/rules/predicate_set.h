/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of predicate_compile(), which see. */
#ifndef RULES_PREDICATE_SET_H
#define RULES_PREDICATE_SET_H

#include "rules/predicate.h"

/* == != in and not in: a set of the kind that the attribute's values are. */
int predicate_compile_set(const struct expr_test *test, struct named_sets *sets,
			  struct predicate *predicate, struct fault *fault);

/* `< 80` as the range 0–79; no range at all where nothing is below or above. */
int predicate_compile_order(const struct expr_test *test, struct number_set *set,
			    struct fault *fault);

#endif
