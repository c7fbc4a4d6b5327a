/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/predicate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rules/attribute.h"
#include "rules/literal.h"
#include "util/alloc.h"

/* The faults that do not depend on the value: an operator that this attribute does not have. */
static int check_operator(const struct expr_test *test, struct fault *fault)
{
	const struct attribute_info *info = attribute_info(test->attribute);
	const char *op = expr_operator_text(test->op);
	bool is_order = test->op >= OP_LT && test->op <= OP_GE;
	bool is_pattern = test->op == OP_LIKE || test->op == OP_REGEX;
	if (is_order && !attribute_is_ordered(test->attribute))
		return fault_set(
			fault, test->op_offset, "`%s` takes numbers only, and `%s` is %s%s", op,
			info->name, info->what,
			info->kind == KIND_ADDRESS ? ": a range is written `in FIRST-LAST`" : "");
	if (is_pattern && !attribute_is_text(test->attribute))
		return fault_set(fault, test->op_offset,
				 "`%s` takes texts only, and `%s` is %s: compare it with `==` or "
				 "`in`",
				 op, info->name, info->what);
	if ((is_order || is_pattern) && test->is_list)
		return fault_set(fault, test->op_offset, "`%s` takes one value, not a list", op);
	return 0;
}

/* `< 80` as the range 0–79; no range at all where nothing is below or above. */
static int compile_order(const struct expr_test *test, struct number_set *set, struct fault *fault)
{
	const struct attribute_info *info = attribute_info(test->attribute);
	const struct expr_value *value = &test->values[0];
	uint64_t number = 0;
	if (value->text[strspn(value->text, "0123456789xXabcdefABCDEF")] != '\0')
		return fault_set(fault, value->offset, "`%s` takes one number (0–%" PRIu64 ")",
				 expr_operator_text(test->op), info->max);
	int error = literal_number(info, value, &number, fault);
	if (error)
		return error;
	if (test->op == OP_LE || (test->op == OP_LT && number > 0))
		number_set_add(set, 0, test->op == OP_LE ? number : number - 1);
	else if (test->op == OP_GE || (test->op == OP_GT && number < info->max))
		number_set_add(set, test->op == OP_GE ? number : number + 1, info->max);
	return 0;
}

static int compile_addresses(const struct expr_test *test, struct addr_set *set,
			     struct fault *fault)
{
	int error = 0;
	for (size_t i = 0; i < test->n_values && !error; i++)
		error = literal_add_addresses(&test->values[i], set, fault);
	addr_set_seal(set);
	return error;
}

static int compile_texts(const struct expr_test *test, struct text_set *set, struct fault *fault)
{
	int error = 0;
	for (size_t i = 0; i < test->n_values && !error; i++) {
		error = literal_check_interface(&test->values[i], fault);
		text_set_add(set, test->values[i].text);
	}
	text_set_seal(set);
	return error;
}

static int compile_numbers(const struct expr_test *test, struct number_set *set,
			   struct fault *fault)
{
	const struct attribute_info *info = attribute_info(test->attribute);
	int error = 0;
	for (size_t i = 0; i < test->n_values && !error; i++)
		error = literal_add_numbers(info, &test->values[i], set, fault);
	number_set_seal(set);
	return error;
}

/* == != in and not in: a set of the kind that the attribute's values are. */
static int compile_set(const struct expr_test *test, struct predicate *predicate,
		       struct fault *fault)
{
	predicate->is_negated = test->op == OP_NE || test->op == OP_NOT_IN;
	switch (attribute_info(test->attribute)->kind) {
	case KIND_ADDRESS:
		predicate->kind = PREDICATE_ADDRESSES;
		return compile_addresses(test, &predicate->addresses, fault);
	case KIND_INTERFACE:
		predicate->kind = PREDICATE_TEXTS;
		return compile_texts(test, &predicate->texts, fault);
	case KIND_NUMBER:
	case KIND_PROTO:
	case KIND_DSCP:
	case KIND_DIRECTION:
	case KIND_CC:
	case KIND_COUNTRY:
		break;
	}
	predicate->kind = PREDICATE_NUMBERS;
	return compile_numbers(test, &predicate->numbers, fault);
}

static int compile_glob(const struct expr_value *value, struct predicate *predicate,
			struct fault *fault)
{
	predicate->kind = PREDICATE_GLOB;
	predicate->glob = xstrdup(value->text);
	return glob_check(value, fault);
}

static int compile_regex(const struct expr_value *value, struct predicate *predicate,
			 struct fault *fault)
{
	predicate->kind = PREDICATE_REGEX;
	predicate->regex = regex_new(value, fault);
	return predicate->regex ? 0 : -EINVAL;
}

int predicate_compile(const char *text, const struct expr_test *test, struct predicate *predicate,
		      struct fault *fault)
{
	*predicate = (struct predicate){
		.kind = PREDICATE_KNOWN,
		.attribute = test->attribute,
		.offset = test->attribute_offset,
		.source = xstrdup(snippet_of(text + test->offset, test->end - test->offset).text),
	};
	int error = check_operator(test, fault);
	if (error)
		return error;
	switch (test->op) {
	case OP_KNOWN:
		return 0;
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		predicate->kind = PREDICATE_NUMBERS;
		return compile_order(test, &predicate->numbers, fault);
	case OP_LIKE:
		return compile_glob(&test->values[0], predicate, fault);
	case OP_REGEX:
		return compile_regex(&test->values[0], predicate, fault);
	case OP_EQ:
	case OP_NE:
	case OP_IN:
	case OP_NOT_IN:
		break;
	}
	return compile_set(test, predicate, fault);
}

void predicate_fini(struct predicate *predicate)
{
	switch (predicate->kind) {
	case PREDICATE_KNOWN:
		break;
	case PREDICATE_NUMBERS:
		number_set_fini(&predicate->numbers);
		break;
	case PREDICATE_ADDRESSES:
		addr_set_fini(&predicate->addresses);
		break;
	case PREDICATE_TEXTS:
		text_set_fini(&predicate->texts);
		break;
	case PREDICATE_GLOB:
		free(predicate->glob);
		break;
	case PREDICATE_REGEX:
		regex_free(predicate->regex);
		break;
	}
	free(predicate->source);
	*predicate = (struct predicate){.kind = PREDICATE_KNOWN};
}

bool predicate_holds(const struct predicate *predicate, struct evaluation *evaluation)
{
	struct value value;
	evaluation_get(evaluation, predicate->attribute, &value);
	if (value.type == VALUE_UNKNOWN)
		return false;
	switch (predicate->kind) {
	case PREDICATE_KNOWN:
		break;
	case PREDICATE_NUMBERS:
		return number_set_has(&predicate->numbers, value.number) != predicate->is_negated;
	case PREDICATE_ADDRESSES:
		return addr_set_has(&predicate->addresses, &value.addr) != predicate->is_negated;
	case PREDICATE_TEXTS:
		return text_set_has(&predicate->texts, value.text, value.length) !=
		       predicate->is_negated;
	case PREDICATE_GLOB:
		return glob_matches(predicate->glob, value.text, value.length);
	case PREDICATE_REGEX:
		return regex_matches(predicate->regex, value.text, value.length);
	}
	return true;
}
