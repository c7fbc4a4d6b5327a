/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An expression as it was written: the parser's result and the compiler's input. The parser knows
 * the grammar and which side of a test is the attribute; what a value means for its attribute is
 * for the compiler (predicate.h) to say.
 *
 *   expr    := and { "or" and }       and := unary { "and" unary }
 *   unary   := "not" unary | "(" expr ")" | test | attribute
 *   test    := operand OP operand     OP := == != < <= > >= in "not in" like =~
 *   operand := attribute | attribute[N] | item | list
 *   list    := "[" item { "," item } "]" | "(" item { "," item } ")"   (the latter right of OP)
 *   item    := value | @set
 *
 * A chain of `and` or `or` is one node with many children, so the depth of a tree is that of the
 * user's parentheses and nots, which is limited: walking it by recursion is safe.
 */
#ifndef RULES_EXPR_H
#define RULES_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/facts.h"
#include "rules/fault.h"

#define EXPR_DEPTH_MAX 64        /* parentheses and nots inside each other */
#define EXPR_LENGTH_MAX 1048576u /* bytes */
#define EXPR_LIST_MAX 65536u     /* values */
#define EXPR_ELEMENT_MAX 1048575 /* the N of attribute[N], and the lowest is as far below 0 */

enum expr_operator {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_IN,
	OP_NOT_IN,
	OP_LIKE,
	OP_REGEX,
	OP_KNOWN,    /* the attribute stands alone */
	OP_CONTAINS, /* 'text' in attribute: the value is a part of the attribute's text */
	OP_NOT_CONTAINS
};

struct expr_value {
	char *text; /* without its quotes; terminated by a zero */
	size_t length;
	size_t offset; /* of the first byte of the text, behind the quote; of a set, of its `@` */
	bool is_set;   /* @name: the text is the name without `@` */
};

/* One test, turned so that the attribute is on the left: 80 < rport is rport > 80. */
struct expr_test {
	size_t offset; /* the source: from this byte … */
	size_t end;    /* … up to, not including, this one */
	enum attribute attribute;
	enum expr_operator op;
	size_t attribute_offset;
	size_t op_offset;
	struct expr_value *values; /* none for OP_KNOWN, else at least one */
	size_t n_values;
	size_t values_capacity;
	bool is_list;     /* written in brackets */
	bool has_element; /* attribute[N]: of a list only this one */
	int32_t element;  /* from 0; below 0 from the end, -1 the last */
};

enum expr_kind { EXPR_AND, EXPR_OR, EXPR_NOT, EXPR_TEST };

struct expr {
	enum expr_kind kind;
	struct expr **children; /* of and, or (at least two), not (one) */
	size_t n_children;
	size_t children_capacity;
	struct expr_test test; /* of EXPR_TEST */
};

/* As it is written: `==`, `not in`. */
const char *expr_operator_text(enum expr_operator op);

/* Parses a whole text. 0 and the tree, which the caller frees, or -EINVAL and the fault. */
int expr_parse(const char *text, struct expr **ret_expr, struct fault *fault);
void expr_free(struct expr *expr);

/* For the parser: nodes are made empty and filled. */
struct expr *expr_new(enum expr_kind kind);
void expr_add_child(struct expr *expr, struct expr *child);
struct expr_value *expr_test_add_value(struct expr_test *test, const char *text, size_t length,
				       size_t offset);
void expr_test_fini(struct expr_test *test);

#endif
