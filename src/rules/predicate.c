/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/predicate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/attribute.h"
#include "rules/literal.h"
#include "rules/predicate_set.h"
#include "util/alloc.h"

static const char *order_hint(enum attribute attribute)
{
	if (attribute == ATTR_USER || attribute == ATTR_GROUP)
		return attribute == ATTR_USER ? ": compare `uid`" : ": compare `gid`";
	if (attribute_info(attribute)->kind == KIND_ADDRESS)
		return ": a range is written `in FIRST-LAST`";
	return attribute == ATTR_WEEKDAY ? ": a range is written `in mon-fri`" : "";
}

/* The faults that do not depend on the value: an operator that this attribute does not have. */
static int check_operator(const struct expr_test *test, struct fault *fault)
{
	const struct attribute_info *info = attribute_info(test->attribute);
	const char *op = expr_operator_text(test->op);
	bool is_order = test->op >= OP_LT && test->op <= OP_GE;
	bool is_contains = test->op == OP_CONTAINS || test->op == OP_NOT_CONTAINS;
	bool is_pattern = test->op == OP_LIKE || test->op == OP_REGEX || is_contains;
	if (is_order && !attribute_is_ordered(test->attribute))
		return fault_set(fault, test->op_offset,
				 "`%s` takes numbers only, and `%s` is %s%s", op, info->name,
				 info->what, order_hint(test->attribute));
	if (is_contains && !attribute_is_text(test->attribute))
		return fault_set(fault, test->op_offset,
				 "`%s` is not a list: write `%s %s …`, the attribute first",
				 info->name, info->name, op);
	if (is_pattern && !attribute_is_text(test->attribute))
		return fault_set(fault, test->op_offset,
				 "`%s` takes texts only, and `%s` is %s: compare it with `==` or "
				 "`in`",
				 op, info->name, info->what);
	if ((is_order || is_pattern) && (test->is_list || test->values[0].is_set))
		return fault_set(fault, test->op_offset, "`%s` takes one value, not a %s", op,
				 test->is_list ? "list" : "set");
	return 0;
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

/* 'New' in country: as pyshaper had it, from Python. A glob that quotes the text does it. */
static int compile_contains(const struct expr_value *value, struct predicate *predicate,
			    struct fault *fault)
{
	char *glob = xcalloc(2 * value->length + 3, 1), *at = glob;
	*at++ = '*';
	for (const char *byte = value->text; *byte; byte++) {
		*at++ = '\\';
		*at++ = *byte;
	}
	*at = '*';
	predicate->kind = PREDICATE_GLOB;
	predicate->glob = glob;
	if (value->length > PATTERN_LENGTH_MAX)
		return fault_set(fault, value->offset, "the text is longer than %d bytes",
				 PATTERN_LENGTH_MAX);
	return 0;
}

/* A user or a group that is written as a number is compared with that. */
static enum attribute compared_attribute(const struct expr_test *test)
{
	bool is_set = test->op == OP_EQ || test->op == OP_NE || test->op == OP_IN ||
		      test->op == OP_NOT_IN;
	if (!is_set || (test->attribute != ATTR_USER && test->attribute != ATTR_GROUP))
		return test->attribute;
	for (size_t i = 0; i < test->n_values; i++)
		if (test->values[i].is_set || !literal_is_id(&test->values[i]))
			return test->attribute;
	return test->attribute == ATTR_USER ? ATTR_UID : ATTR_GID;
}

/* Whether one text is looked for among those of a list, not in a text. */
static bool is_membership(const struct expr_test *test)
{
	return attribute_info(test->attribute)->kind == KIND_TEXTS && !test->has_element;
}

int predicate_compile(const char *text, const struct expr_test *test, struct named_sets *sets,
		      struct predicate *predicate, struct fault *fault)
{
	*predicate = (struct predicate){
		.kind = PREDICATE_KNOWN,
		.attribute = compared_attribute(test),
		.has_element = test->has_element,
		.element = test->element,
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
		return predicate_compile_order(test, &predicate->numbers, fault);
	case OP_LIKE:
		return compile_glob(&test->values[0], predicate, fault);
	case OP_REGEX:
		return compile_regex(&test->values[0], predicate, fault);
	case OP_CONTAINS:
	case OP_NOT_CONTAINS:
		if (is_membership(test))
			break;
		predicate->is_negated = test->op == OP_NOT_CONTAINS;
		return compile_contains(&test->values[0], predicate, fault);
	case OP_EQ:
	case OP_NE:
	case OP_IN:
	case OP_NOT_IN:
		break;
	}
	return predicate_compile_set(test, sets, predicate, fault);
}

void predicate_fini(struct predicate *predicate)
{
	if (predicate->shared) {
		shared_set_release(predicate->shared);
		free(predicate->source);
		*predicate = (struct predicate){.kind = PREDICATE_KNOWN};
		return;
	}
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

/* A list becomes one text of it, or is not known where it has none there. */
static void take_element(struct value *value, int32_t element)
{
	int64_t at = element < 0 ? (int64_t)value->length + element : element;
	if (at < 0 || at >= (int64_t)value->length) {
		value->type = VALUE_UNKNOWN;
		return;
	}
	value->type = VALUE_TEXT;
	value->text = value->texts[at];
	value->length = strlen(value->text);
}

void predicate_value(const struct predicate *predicate, struct evaluation *evaluation,
		     struct value *ret_value)
{
	evaluation_get(evaluation, predicate->attribute, ret_value);
	if (predicate->has_element && ret_value->type == VALUE_TEXTS)
		take_element(ret_value, predicate->element);
}

/* Whether the value is in the set, or matches the pattern, whatever is then asked for. */
static bool is_in(const struct predicate *predicate, const struct value *value)
{
	switch (predicate->kind) {
	case PREDICATE_KNOWN:
		break;
	case PREDICATE_NUMBERS:
		return number_set_has(&predicate->numbers, value->number);
	case PREDICATE_ADDRESSES:
		return addr_set_has(&predicate->addresses, &value->addr);
	case PREDICATE_TEXTS:
		return text_set_has(&predicate->texts, value->text, value->length);
	case PREDICATE_GLOB:
		return glob_matches(predicate->glob, value->text, value->length);
	case PREDICATE_REGEX:
		return regex_matches(predicate->regex, value->text, value->length);
	}
	return true;
}

static bool has_text_in(const struct predicate *predicate, const struct value *list)
{
	for (size_t i = 0; i < list->length; i++) {
		struct value value = {
			.type = VALUE_TEXT,
			.text = list->texts[i],
			.length = strlen(list->texts[i]),
		};
		if (is_in(predicate, &value))
			return true;
	}
	return false;
}

bool predicate_takes(const struct predicate *predicate, const struct value *value)
{
	bool is_inside = value->type == VALUE_TEXTS ? has_text_in(predicate, value)
						    : is_in(predicate, value);
	return is_inside != predicate->is_negated;
}

/* As most tests are of one value, that of a list is left to the functions above. */
bool predicate_holds(const struct predicate *predicate, struct evaluation *evaluation)
{
	struct value value;
	evaluation_get(evaluation, predicate->attribute, &value);
	if (value.type == VALUE_TEXTS && predicate->has_element)
		take_element(&value, predicate->element);
	if (value.type == VALUE_UNKNOWN)
		return false;
	if (value.type == VALUE_TEXTS)
		return predicate_takes(predicate, &value);
	return is_in(predicate, &value) != predicate->is_negated;
}

struct truth predicate_truth(const struct predicate *predicate, struct evaluation *evaluation)
{
	unsigned number = predicate->owner_test;
	if (number && number <= evaluation->n_told)
		return (struct truth){.holds = evaluation->told >> (number - 1) & 1};
	uint64_t open = evaluation->open & UINT64_C(1) << predicate->attribute;
	return (struct truth){
		.holds = !open && predicate_holds(predicate, evaluation),
		.open = open,
	};
}
