/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/expr.h"

#include <stdlib.h>

#include "util/alloc.h"

const char *expr_operator_text(enum expr_operator op)
{
	switch (op) {
	case OP_EQ:
		return "==";
	case OP_NE:
		return "!=";
	case OP_LT:
		return "<";
	case OP_LE:
		return "<=";
	case OP_GT:
		return ">";
	case OP_GE:
		return ">=";
	case OP_IN:
		return "in";
	case OP_NOT_IN:
		return "not in";
	case OP_LIKE:
		return "like";
	case OP_REGEX:
		return "=~";
	case OP_CONTAINS:
		return "in";
	case OP_NOT_CONTAINS:
		return "not in";
	case OP_KNOWN:
		break;
	}
	return "is known";
}

struct expr *expr_new(enum expr_kind kind)
{
	struct expr *expr = xcalloc(1, sizeof(*expr));
	expr->kind = kind;
	return expr;
}

void expr_add_child(struct expr *expr, struct expr *child)
{
	expr->children = array_grow(expr->children, expr->n_children, &expr->children_capacity,
				    sizeof(struct expr *));
	expr->children[expr->n_children++] = child;
}

struct expr_value *expr_test_add_value(struct expr_test *test, const char *text, size_t length,
				       size_t offset)
{
	test->values = array_grow(test->values, test->n_values, &test->values_capacity,
				  sizeof(*test->values));
	struct expr_value *value = &test->values[test->n_values++];
	*value = (struct expr_value){
		.text = xstrndup(text, length),
		.length = length,
		.offset = offset,
	};
	return value;
}

void expr_test_fini(struct expr_test *test)
{
	for (size_t i = 0; i < test->n_values; i++)
		free(test->values[i].text);
	free(test->values);
	*test = (struct expr_test){0};
}

void expr_free(struct expr *expr)
{
	if (!expr)
		return;
	for (size_t i = 0; i < expr->n_children; i++)
		expr_free(expr->children[i]);
	free(expr->children);
	expr_test_fini(&expr->test);
	free(expr);
}
