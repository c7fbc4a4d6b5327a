/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One test, compiled: an attribute and the set of values that satisfy it, in the form that is
 * fastest to ask. ==, in and a range are one thing here, a set; < is the range below; != is a set
 * with `is_negated` (a glob too may be negated). An attribute that is not known satisfies no
 * predicate, negated or not.
 */
#ifndef RULES_PREDICATE_H
#define RULES_PREDICATE_H

#include <stdbool.h>

#include "rules/evaluation.h"
#include "rules/expr.h"
#include "rules/fault.h"
#include "rules/named_sets.h"
#include "rules/pattern.h"
#include "rules/sets.h"

enum predicate_kind {
	PREDICATE_KNOWN,
	PREDICATE_NUMBERS, /* also directions, protocols, countries */
	PREDICATE_ADDRESSES,
	PREDICATE_TEXTS,
	PREDICATE_GLOB,
	PREDICATE_REGEX
};

struct predicate {
	enum predicate_kind kind;
	enum attribute attribute;
	bool is_negated;
	bool has_element; /* of a list only this one, as in struct expr_test */
	int32_t element;
	unsigned owner_test; /* its number among the condition's tests on the owner, from 1; 0: it
				is none */
	size_t offset;       /* of the attribute in the expression, in bytes */
	char *source;        /* as the user wrote it, cut where long */
	struct shared_set *shared; /* the set below is that of a named set, borrowed; or NULL */
	union {
		struct number_set numbers;
		struct addr_set addresses;
		struct text_set texts;
		char *glob;
		struct regex *regex;
	};
};

/*
 * Compiles a test of the expression whose text is `text`; `sets` may be NULL. Returns 0 or -EINVAL
 * with the fault; in both cases the caller ends with predicate_fini().
 */
int predicate_compile(const char *text, const struct expr_test *test, struct named_sets *sets,
		      struct predicate *predicate, struct fault *fault);
void predicate_fini(struct predicate *predicate);

/* The value that the test is about. */
void predicate_value(const struct predicate *predicate, struct evaluation *evaluation,
		     struct value *ret_value);

/*
 * Whether a known value satisfies the test, its negation included. Of a list some text has to, or
 * where it is negated, none may be in the set.
 */
bool predicate_takes(const struct predicate *predicate, const struct value *value);

bool predicate_holds(const struct predicate *predicate, struct evaluation *evaluation);
struct truth predicate_truth(const struct predicate *predicate, struct evaluation *evaluation);

#endif
