/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The predicates that are sets. A test of one named set shares it with all others; a list that
 * holds one among other values has a copy of it in its own set.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "rules/attribute.h"
#include "rules/literal.h"
#include "rules/predicate_set.h"

static int check_one_number(const struct expr_test *test, struct fault *fault)
{
	const struct attribute_info *info = attribute_info(test->attribute);
	const struct expr_value *value = &test->values[0];
	const char *op = expr_operator_text(test->op);
	if (info->kind == KIND_TIME || info->kind == KIND_ICMP_TYPE)
		return 0;
	if (value->text[strspn(value->text, "0123456789xXabcdefABCDEF")] != '\0')
		return fault_set(fault, value->offset, "`%s` takes one number (0–%" PRIu64 ")", op,
				 info->max);
	return 0;
}

int predicate_compile_order(const struct expr_test *test, struct number_set *set,
			    struct fault *fault)
{
	const struct attribute_info *info = attribute_info(test->attribute);
	uint64_t number = 0;
	int error = check_one_number(test, fault);
	if (!error)
		error = literal_number(info, &test->values[0], &number, fault);
	if (error)
		return error;
	if (test->op == OP_LE || (test->op == OP_LT && number > 0))
		literal_add_range(info, 0, test->op == OP_LE ? number : number - 1, set);
	else if (test->op == OP_GE || (test->op == OP_GT && number < info->max))
		literal_add_range(info, test->op == OP_GE ? number : number + 1, info->max, set);
	number_set_seal(set);
	return 0;
}

static void copy_addresses(const struct addr_set *from, struct addr_set *set)
{
	for (size_t i = 0; i < from->v4.count; i++)
		number_set_add(&set->v4, from->v4.ranges[i].first, from->v4.ranges[i].last);
	for (size_t i = 0; i < from->v6_count; i++) {
		struct addr first = addr_from_bytes(AF_INET6, from->v6[i].first);
		struct addr last = addr_from_bytes(AF_INET6, from->v6[i].last);
		addr_set_add(set, &first, &last);
	}
}

static void copy(const struct shared_set *from, struct predicate *predicate)
{
	switch (from->kind) {
	case SET_NUMBERS:
		for (size_t i = 0; i < from->numbers.count; i++)
			number_set_add(&predicate->numbers, from->numbers.ranges[i].first,
				       from->numbers.ranges[i].last);
		return;
	case SET_ADDRESSES:
		copy_addresses(&from->addresses, &predicate->addresses);
		return;
	case SET_TEXTS:
		for (size_t i = 0; i < from->texts.count; i++)
			text_set_add(&predicate->texts, from->texts.texts[i]);
		return;
	}
}

/* The whole test is one named set. */
static void share(struct shared_set *set, struct predicate *predicate)
{
	predicate->shared = shared_set_take(set);
	switch (set->kind) {
	case SET_NUMBERS:
		predicate->numbers = set->numbers;
		return;
	case SET_ADDRESSES:
		predicate->addresses = set->addresses;
		return;
	case SET_TEXTS:
		predicate->texts = set->texts;
		return;
	}
}

static int add_set(const struct expr_test *test, const struct expr_value *value,
		   struct named_sets *sets, struct predicate *predicate, struct fault *fault)
{
	struct shared_set *set = named_sets_get(sets, value, predicate->attribute, fault);
	if (!set)
		return -EINVAL;
	if (test->n_values == 1) {
		share(set, predicate);
		return 0;
	}
	if (!named_sets_may_copy(sets, set))
		return fault_set(fault, value->offset,
				 "too many entries of sets are in lists: write `A in @%s or A in "
				 "[…]`",
				 value->text);
	copy(set, predicate);
	return 0;
}

static int add_literal(const struct expr_value *value, struct predicate *predicate,
		       struct fault *fault)
{
	int error = 0;
	if (value->text[0] == '@' && predicate->kind != PREDICATE_TEXTS)
		return fault_set(fault, value->offset,
				 "`%s` is a text in quotes: a set is named without them",
				 snippet_of(value->text, value->length).text);
	switch (predicate->kind) {
	case PREDICATE_NUMBERS:
		return literal_add_numbers(attribute_info(predicate->attribute), value,
					   &predicate->numbers, fault);
	case PREDICATE_ADDRESSES:
		return literal_add_addresses(value, &predicate->addresses, fault);
	case PREDICATE_TEXTS:
		error = literal_check_text(predicate->attribute, value, fault);
		text_set_add(&predicate->texts, value->text);
		break;
	case PREDICATE_KNOWN:
	case PREDICATE_GLOB:
	case PREDICATE_REGEX:
		break;
	}
	return error;
}

static void seal(struct predicate *predicate)
{
	if (predicate->shared)
		return;
	if (predicate->kind == PREDICATE_NUMBERS)
		number_set_seal(&predicate->numbers);
	else if (predicate->kind == PREDICATE_ADDRESSES)
		addr_set_seal(&predicate->addresses);
	else
		text_set_seal(&predicate->texts);
}

int predicate_compile_set(const struct expr_test *test, struct named_sets *sets,
			  struct predicate *predicate, struct fault *fault)
{
	static const enum predicate_kind kinds[] = {
		[SET_NUMBERS] = PREDICATE_NUMBERS,
		[SET_ADDRESSES] = PREDICATE_ADDRESSES,
		[SET_TEXTS] = PREDICATE_TEXTS,
	};
	int error = 0;
	predicate->kind = kinds[set_kind_of(predicate->attribute)];
	predicate->is_negated =
		test->op == OP_NE || test->op == OP_NOT_IN || test->op == OP_NOT_CONTAINS;
	for (size_t i = 0; i < test->n_values && !error; i++) {
		const struct expr_value *value = &test->values[i];
		error = value->is_set ? add_set(test, value, sets, predicate, fault)
				      : add_literal(value, predicate, fault);
	}
	seal(predicate);
	return error;
}
