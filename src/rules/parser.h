/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the parser share: parser.c has and, or, not and parentheses; parse_test.c one
 * test; operand.c the sides of a test. One token of look-ahead; the first fault ends the parse.
 */
#ifndef RULES_PARSER_H
#define RULES_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/expr.h"
#include "rules/lexer.h"

struct parser {
	struct lexer lexer;
	struct token token;    /* the next one */
	struct token previous; /* the one consumed last */
	bool has_previous;
	unsigned depth;
	struct fault *fault;
};

/* Consumes the next token. */
int parser_advance(struct parser *parser);

/* The fault that something, such as `a test`, is missing where the next token stands. */
int parser_missing(struct parser *parser, const char *what);

/* True where the next token is `and` or `or`, which are never values unless quoted. */
bool parser_at_connective(const struct parser *parser);

/* True where it is one of them in capitals, which is an error. */
bool parser_at_wrong_connective(const struct parser *parser);

/* One side of a test: an attribute, or one value, or a list of values. */
struct operand {
	bool is_attribute;
	bool is_quoted; /* one value, in quotes */
	enum attribute attribute;
	size_t offset;
	size_t end;
	struct expr_test values; /* only its values, is_list and the element are used */
};

/*
 * Reads one side. `other` is the side already read, or NULL. On failure nothing is left to free;
 * otherwise the caller frees with expr_test_fini(&operand.values).
 */
int operand_parse(struct parser *parser, const struct operand *other, struct operand *ret_operand);

/* Reads one test or a lone attribute. The caller frees the node. */
int test_parse(struct parser *parser, struct expr **ret_expr);

#endif
