/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "rules/attribute.h"
#include "rules/parser.h"
#include "util/alloc.h"
#include "util/text.h"

static int refuse_second_attribute(struct parser *parser, const struct token *token)
{
	struct snippet name = snippet_of(token->text, token->length);
	return fault_set(parser->fault, token->offset,
			 "`%s` is an attribute too, and a test compares one with a value; write "
			 "'%s' if the text is meant",
			 name.text, name.text);
}

/* The [N] behind the name of a list. */
static int take_element_number(struct parser *parser, const char *name, struct operand *operand)
{
	const struct token *token = &parser->token;
	uint64_t number = 0;
	int error = parser_advance(parser);
	if (error)
		return error;
	bool from_end = token->kind == TOKEN_WORD && *token->text == '-';
	char *text = xstrndup(token->text + from_end, token->length - from_end);
	bool is_number = token->kind == TOKEN_WORD &&
			 text_to_u64(text, EXPR_ELEMENT_MAX, &number) == 0 &&
			 (number > 0 || !from_end);
	free(text);
	if (!is_number)
		return fault_set(parser->fault, token->offset,
				 "`%s[N]` takes one number: %s[0] is the first, %s[-1] the last",
				 name, name, name);
	operand->values.has_element = true;
	operand->values.element = from_end ? -(int32_t)number : (int32_t)number;
	error = parser_advance(parser);
	if (!error && token->kind != TOKEN_LIST_CLOSE)
		return parser_missing(parser, "`]`");
	operand->end = token->end;
	return error ? error : parser_advance(parser);
}

/* The name of an attribute; *ret_operand is filled. */
static int take_attribute(struct parser *parser, const struct operand *other,
			  struct operand *ret_operand)
{
	struct token token = parser->token;
	struct snippet name = snippet_of(token.text, token.length);
	if (other && other->is_attribute)
		return refuse_second_attribute(parser, &token);
	int error = parser_advance(parser);
	if (error)
		return error;
	ret_operand->is_attribute = true;
	ret_operand->end = token.end;
	if (parser->token.kind == TOKEN_LIST_OPEN &&
	    attribute_info(ret_operand->attribute)->kind == KIND_TEXTS)
		return take_element_number(parser, name.text, ret_operand);
	if (parser->token.kind == TOKEN_LIST_OPEN && parser->token.offset == token.end)
		return fault_set(parser->fault, parser->token.offset,
				 "`%s` is not a list: it has no [N]; values in brackets are "
				 "compared by `%s in [A, B]`",
				 name.text, name.text);
	return 0;
}

/* Words that mean something in Python, and texts only in quotes here. */
static int refuse_python(struct parser *parser, const struct token *token)
{
	if (token_is_word(token, "None"))
		return fault_set(parser->fault, token->offset,
				 "`None` is no value: an attribute alone is true where it is "
				 "known, `not` before it where it is not");
	return 0;
}

static int take_value(struct parser *parser, struct operand *operand)
{
	const struct token *token = &parser->token;
	int error = refuse_python(parser, token);
	if (error)
		return error;
	operand->is_quoted = token->kind == TOKEN_QUOTED;
	operand->end = token->end;
	expr_test_add_value(&operand->values, token->text, token->length,
			    token->offset + operand->is_quoted);
	return parser_advance(parser);
}

/* @name */
static int take_set(struct parser *parser, struct operand *operand)
{
	const struct token *token = &parser->token;
	struct expr_value *value = expr_test_add_value(&operand->values, token->text + 1,
						       token->length - 1, token->offset);
	value->is_set = true;
	operand->end = token->end;
	return parser_advance(parser);
}

/* One value of a list. */
static int take_element(struct parser *parser, struct operand *operand)
{
	enum attribute attribute;
	const struct token *token = &parser->token;
	switch (token->kind) {
	case TOKEN_WORD:
		if (parser_at_connective(parser))
			break;
		if (attribute_find(token->text, token->length, &attribute))
			return refuse_second_attribute(parser, token);
		return take_value(parser, operand);
	case TOKEN_QUOTED:
		return take_value(parser, operand);
	case TOKEN_SET:
		return take_set(parser, operand);
	case TOKEN_LIST_OPEN:
		return fault_set(parser->fault, token->offset, "a list cannot hold a list");
	case TOKEN_END:
	case TOKEN_OPERATOR:
	case TOKEN_OPEN:
	case TOKEN_CLOSE:
	case TOKEN_LIST_CLOSE:
	case TOKEN_COMMA:
		break;
	}
	return parser_missing(parser, "a value");
}

/* Behind a value of a list: `,` and more, or the end. */
static int take_separator(struct parser *parser, size_t open, enum token_kind close)
{
	bool is_square = close == TOKEN_LIST_CLOSE;
	if (parser->token.kind == TOKEN_COMMA || parser->token.kind == close)
		return parser_advance(parser);
	if (parser->token.kind == TOKEN_END)
		return fault_set(parser->fault, open, "this `%c` is not closed: `%c` is missing",
				 is_square ? '[' : '(', is_square ? ']' : ')');
	return parser_missing(parser, is_square ? "`,` or `]`" : "`,` or `)`");
}

static int take_list(struct parser *parser, enum token_kind close, struct operand *operand)
{
	size_t open = parser->token.offset;
	int error = parser_advance(parser);
	if (error)
		return error;
	if (parser->token.kind == close)
		return fault_set(parser->fault, open, "the list is empty: nothing is in it");
	if (parser->token.kind == TOKEN_END)
		return take_separator(parser, open, close);
	do {
		if (operand->values.n_values == EXPR_LIST_MAX)
			return fault_set(parser->fault, parser->token.offset,
					 "the list has more than %u values", EXPR_LIST_MAX);
		error = take_element(parser, operand);
		if (!error)
			error = take_separator(parser, open, close);
		if (error)
			return error;
		/* Python's tuple of one value is (80,). */
		if (close == TOKEN_CLOSE && parser->token.kind == close &&
		    parser->previous.kind == TOKEN_COMMA)
			error = parser_advance(parser);
		if (error)
			return error;
	} while (parser->previous.kind == TOKEN_COMMA);
	operand->values.is_list = true;
	operand->end = parser->previous.end;
	return 0;
}

static int take_word(struct parser *parser, const struct operand *other, struct operand *operand)
{
	const struct token *token = &parser->token;
	if (attribute_find(token->text, token->length, &operand->attribute))
		return take_attribute(parser, other, operand);
	/* `in` is an operator, and a direction: `dir == in`. */
	if (parser_at_connective(parser) || token_is_word(token, "not") ||
	    token_is_word(token, "like"))
		return parser_missing(parser, other ? "a value" : "a test");
	return take_value(parser, operand);
}

int operand_parse(struct parser *parser, const struct operand *other, struct operand *ret_operand)
{
	struct operand operand = {.offset = parser->token.offset};
	int error = 0;
	switch (parser->token.kind) {
	case TOKEN_WORD:
		error = take_word(parser, other, &operand);
		break;
	case TOKEN_QUOTED:
		error = take_value(parser, &operand);
		break;
	case TOKEN_LIST_OPEN:
		error = take_list(parser, TOKEN_LIST_CLOSE, &operand);
		break;
	case TOKEN_SET:
		error = take_set(parser, &operand);
		break;
	case TOKEN_OPEN:
		/* As Python writes lists; left of an operator it would be a group of tests. */
		error = other ? take_list(parser, TOKEN_CLOSE, &operand)
			      : parser_missing(parser, "a test");
		break;
	case TOKEN_END:
	case TOKEN_OPERATOR:
	case TOKEN_CLOSE:
	case TOKEN_LIST_CLOSE:
	case TOKEN_COMMA:
		error = parser_missing(parser, other ? "a value" : "a test");
		break;
	}
	if (error) {
		expr_test_fini(&operand.values);
		return error;
	}
	*ret_operand = operand;
	return 0;
}
