/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/parser.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int parse_or(struct parser *parser, struct expr **ret_expr);

int parser_advance(struct parser *parser)
{
	parser->previous = parser->token;
	parser->has_previous = true;
	return lexer_next(&parser->lexer, &parser->token, parser->fault);
}

bool parser_at_connective(const struct parser *parser)
{
	return token_is_word(&parser->token, "and") || token_is_word(&parser->token, "or");
}

bool parser_at_wrong_connective(const struct parser *parser)
{
	const struct token *token = &parser->token;
	return token->kind == TOKEN_WORD && !parser_at_connective(parser) &&
	       ((token->length == 3 && strncasecmp(token->text, "and", 3) == 0) ||
		(token->length == 2 && strncasecmp(token->text, "or", 2) == 0));
}

static struct snippet token_snippet(const struct parser *parser, const struct token *token)
{
	return snippet_of(parser->lexer.text + token->offset, token->end - token->offset);
}

int parser_missing(struct parser *parser, const char *what)
{
	size_t offset = parser->token.offset;
	bool at_end = parser->token.kind == TOKEN_END;
	if (!parser->has_previous && at_end)
		return fault_set(parser->fault, 0,
				 "the expression is empty: a test such as "
				 "`dport == 25` is needed");
	if (!parser->has_previous)
		return fault_set(parser->fault, offset, "%s is missing before `%s`", what,
				 token_snippet(parser, &parser->token).text);
	if (at_end)
		return fault_set(parser->fault, offset, "%s is missing after `%s`", what,
				 token_snippet(parser, &parser->previous).text);
	return fault_set(parser->fault, offset, "%s is missing between `%s` and `%s`", what,
			 token_snippet(parser, &parser->previous).text,
			 token_snippet(parser, &parser->token).text);
}

/* A whole expression ended, but the text goes on. */
static int refuse_trailing(struct parser *parser)
{
	const struct token *token = &parser->token;
	struct snippet snippet = token_snippet(parser, token);
	switch (token->kind) {
	case TOKEN_CLOSE:
		return fault_set(parser->fault, token->offset, "this `)` has no `(`");
	case TOKEN_OPERATOR:
		return fault_set(parser->fault, token->offset,
				 "a test has one operator: join two tests with `and`");
	case TOKEN_WORD:
		if (parser_at_wrong_connective(parser))
			return fault_set(parser->fault, token->offset,
					 "`and` and `or` are written small");
		if (*token->text == '-')
			return fault_set(parser->fault, token->offset,
					 "a range is written without blanks, such as 80-90");
		break;
	case TOKEN_COMMA:
		return fault_set(parser->fault, token->offset,
				 "several values are a list in brackets, such as [80, 443]");
	case TOKEN_LIST_OPEN:
		if (parser->previous.kind == TOKEN_WORD && parser->previous.end == token->offset)
			return fault_set(parser->fault, token->offset,
					 "a text or a pattern that holds brackets needs quotes");
		break;
	case TOKEN_OPEN:
		if (parser->previous.kind == TOKEN_WORD && parser->previous.end == token->offset)
			return fault_set(parser->fault, parser->previous.offset,
					 "`%s(…)`: there are no functions; a range is written "
					 "80-90, a list [80, 443]",
					 token_snippet(parser, &parser->previous).text);
		break;
	case TOKEN_END:
	case TOKEN_QUOTED:
	case TOKEN_SET:
	case TOKEN_LIST_CLOSE:
		break;
	}
	return fault_set(parser->fault, token->offset,
			 "`and` or `or` is missing before `%s`; a text of several words needs "
			 "quotes",
			 snippet.text);
}

static int enter(struct parser *parser)
{
	if (++parser->depth > EXPR_DEPTH_MAX)
		return fault_set(parser->fault, parser->token.offset,
				 "parentheses and `not` are nested more than %d deep",
				 EXPR_DEPTH_MAX);
	return 0;
}

static int parse_parentheses(struct parser *parser, struct expr **ret_expr)
{
	struct expr *expr = NULL;
	size_t open = parser->token.offset;
	int error = enter(parser);
	if (!error)
		error = parser_advance(parser);
	if (!error)
		error = parse_or(parser, &expr);
	if (!error && parser->token.kind == TOKEN_END)
		error = fault_set(parser->fault, open, "this `(` is not closed: `)` is missing");
	else if (!error && parser->token.kind != TOKEN_CLOSE)
		error = refuse_trailing(parser);
	if (!error)
		error = parser_advance(parser);
	if (error) {
		expr_free(expr);
		return error;
	}
	parser->depth--;
	*ret_expr = expr;
	return 0;
}

static int parse_unary(struct parser *parser, struct expr **ret_expr)
{
	struct expr *operand;
	if (parser->token.kind == TOKEN_OPEN)
		return parse_parentheses(parser, ret_expr);
	if (!token_is_word(&parser->token, "not"))
		return test_parse(parser, ret_expr);
	int error = enter(parser);
	if (!error)
		error = parser_advance(parser);
	if (!error)
		error = parse_unary(parser, &operand);
	if (error)
		return error;
	parser->depth--;
	*ret_expr = expr_new(EXPR_NOT);
	expr_add_child(*ret_expr, operand);
	return 0;
}

/* One part, or several of them joined by `word`. */
static int parse_chain(struct parser *parser, const char *word, enum expr_kind kind,
		       int (*parse_part)(struct parser *parser, struct expr **ret_expr),
		       struct expr **ret_expr)
{
	struct expr *part, *chain = NULL;
	int error = parse_part(parser, &part);
	if (error)
		return error;
	while (token_is_word(&parser->token, word)) {
		if (!chain) {
			chain = expr_new(kind);
			expr_add_child(chain, part);
		}
		error = parser_advance(parser);
		if (!error)
			error = parse_part(parser, &part);
		if (error) {
			expr_free(chain);
			return error;
		}
		expr_add_child(chain, part);
	}
	*ret_expr = chain ? chain : part;
	return 0;
}

static int parse_and(struct parser *parser, struct expr **ret_expr)
{
	return parse_chain(parser, "and", EXPR_AND, parse_unary, ret_expr);
}

static int parse_or(struct parser *parser, struct expr **ret_expr)
{
	return parse_chain(parser, "or", EXPR_OR, parse_and, ret_expr);
}

int expr_parse(const char *text, struct expr **ret_expr, struct fault *fault)
{
	struct parser parser = {.lexer.text = text, .fault = fault};
	struct expr *expr;
	if (strlen(text) > EXPR_LENGTH_MAX)
		return fault_set(fault, 0, "the expression is longer than %u bytes",
				 EXPR_LENGTH_MAX);
	int error = lexer_next(&parser.lexer, &parser.token, fault);
	if (!error)
		error = parse_or(&parser, &expr);
	if (error)
		return error;
	if (parser.token.kind != TOKEN_END) {
		error = refuse_trailing(&parser);
		expr_free(expr);
		return error;
	}
	*ret_expr = expr;
	return 0;
}
