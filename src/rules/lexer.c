/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/lexer.h"

#include <stdint.h>
#include <string.h>

#define BLANKS " \t\r\n\v\f"
#define NOT_IN_WORDS BLANKS "()[],=!<>'\""

static const struct {
	char character;
	enum token_kind kind;
} marks[] = {
	{'(', TOKEN_OPEN},       {')', TOKEN_CLOSE}, {'[', TOKEN_LIST_OPEN},
	{']', TOKEN_LIST_CLOSE}, {',', TOKEN_COMMA},
};

/* The longer first. Those with advice are not operators here but elsewhere. */
static const struct {
	const char *text;
	enum expr_operator op;
	const char *advice;
} operators[] = {
	{"===", OP_EQ, "`===` is no operator: equality is `==`"},
	{"==", OP_EQ, NULL},
	{"=~", OP_REGEX, NULL},
	{"=>", OP_GE, "`=>` is no operator: write `>=`"},
	{"=<", OP_LE, "`=<` is no operator: write `<=`"},
	{"=", OP_EQ, "`=` is no operator: equality is `==`"},
	{"!=", OP_NE, NULL},
	{"!~", OP_REGEX, "`!~` is no operator: write `not A =~ B`"},
	{"!", OP_NE, "`!` is no operator: write `not`"},
	{"<=", OP_LE, NULL},
	{"<>", OP_NE, "`<>` is no operator: write `!=`"},
	{"<", OP_LT, NULL},
	{">=", OP_GE, NULL},
	{">", OP_GT, NULL},
};

static int read_quoted(struct lexer *lexer, struct token *token, struct fault *fault)
{
	const char *start = lexer->text + token->offset;
	const char *close = strchr(start + 1, *start);
	if (!close)
		return fault_set(fault, token->offset, "this quote is not closed: %c is missing",
				 *start);
	token->kind = TOKEN_QUOTED;
	token->text = start + 1;
	token->length = (size_t)(close - start - 1);
	token->end = token->offset + token->length + 2;
	return 0;
}

/*
 * `&&`, `||` and, as Python has them, `&` and `|` are words by the grammar; whoever writes them
 * means something else.
 */
static int check_word(const struct token *token, struct fault *fault)
{
	char first = *token->text;
	if (token->length == 1 && (first == '&' || first == '|'))
		return fault_set(fault, token->offset, "`%c` is no operator: write `%s`", first,
				 first == '&' ? "and" : "or");
	for (size_t i = 0; i + 1 < token->length; i++) {
		const char *at = token->text + i;
		if ((at[0] == '&' || at[0] == '|') && at[1] == at[0])
			return fault_set(fault, token->offset + i,
					 "`%.2s` is no operator: write `%s`, or quote the text if "
					 "it is one",
					 at, at[0] == '&' ? "and" : "or");
	}
	if (token->kind == TOKEN_SET && token->length == 1)
		return fault_set(fault, token->offset, "the name of a set is missing after `@`");
	return 0;
}

static int read_word(struct token *token, struct fault *fault)
{
	token->kind = *token->text == '@' ? TOKEN_SET : TOKEN_WORD;
	token->length = strcspn(token->text, NOT_IN_WORDS);
	token->end = token->offset + token->length;
	return check_word(token, fault);
}

static bool read_mark(struct token *token)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (*token->text == marks[i].character) {
			token->kind = marks[i].kind;
			token->length = 1;
			token->end = token->offset + 1;
			return true;
		}
	}
	return false;
}

static int read_operator(struct token *token, struct fault *fault)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t length = strlen(operators[i].text);
		if (strncmp(token->text, operators[i].text, length) != 0)
			continue;
		if (operators[i].advice)
			return fault_set(fault, token->offset, "%s", operators[i].advice);
		token->kind = TOKEN_OPERATOR;
		token->op = operators[i].op;
		token->length = length;
		token->end = token->offset + length;
		return 0;
	}
	return read_word(token, fault);
}

int lexer_next(struct lexer *lexer, struct token *ret_token, struct fault *fault)
{
	size_t offset = lexer->position + strspn(lexer->text + lexer->position, BLANKS);
	struct token token = {.offset = offset, .end = offset, .text = lexer->text + offset};
	int error = 0;
	/* The end is where the writing ends: a block of YAML ends with a line break. */
	if (*token.text == '\0' &&
	    memchr(lexer->text + lexer->position, '\n', offset - lexer->position))
		token.offset = token.end = lexer->position;
	if (*token.text == '\0')
		token.kind = TOKEN_END;
	else if (*token.text == '\'' || *token.text == '"')
		error = read_quoted(lexer, &token, fault);
	else if (!read_mark(&token))
		error = read_operator(&token, fault);
	if (error)
		return error;
	lexer->position = token.end;
	*ret_token = token;
	return 0;
}

bool token_is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && strlen(word) == token->length &&
	       memcmp(token->text, word, token->length) == 0;
}
