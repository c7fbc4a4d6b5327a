/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/import_token.h"

#include <string.h>

#include "config/source.h"

#define BLANKS " \t"
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

static const struct {
	const char *text;
	enum import_token_kind kind;
} marks[] = {
	{"==", IMPORT_COMPARISON}, {"!=", IMPORT_COMPARISON}, {"<>", IMPORT_COMPARISON},
	{"<=", IMPORT_COMPARISON}, {">=", IMPORT_COMPARISON}, {"<<", IMPORT_OTHER},
	{">>", IMPORT_OTHER},      {"<", IMPORT_COMPARISON},  {">", IMPORT_COMPARISON},
	{"(", IMPORT_OPEN},        {")", IMPORT_CLOSE},       {"[", IMPORT_LIST_OPEN},
	{"]", IMPORT_LIST_CLOSE},  {",", IMPORT_COMMA},
};

static void take_string(struct import_token *token)
{
	const char *close = strchr(token->text + 1, token->text[0]);
	token->kind = close ? IMPORT_STRING : IMPORT_OPEN_QUOTE;
	token->length = close ? (size_t)(close - token->text) + 1 : strlen(token->text);
}

/* 80 and 0x50; what is neither whole nor of this version of Python (1.5, 017, 80L) is other. */
static void take_number(struct import_token *token)
{
	const char *text = token->text;
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	size_t digits = is_hex ? 2 + strspn(text + 2, DIGITS "abcdefABCDEF") : strspn(text, DIGITS);
	bool is_octal = !is_hex && text[0] == '0' && digits > 1;
	token->length = digits + strspn(text + digits, DIGITS LETTERS ".");
	token->kind = token->length == digits && !is_octal && (!is_hex || digits > 2)
			      ? IMPORT_NUMBER
			      : IMPORT_OTHER;
}

static void take_mark(struct import_token *token)
{
	token->kind = IMPORT_OTHER;
	token->length = utf8_length(token->text, strlen(token->text));
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t length = strlen(marks[i].text);
		if (strncmp(token->text, marks[i].text, length) != 0)
			continue;
		token->kind = marks[i].kind;
		token->length = length;
		return;
	}
}

struct import_token import_token_next(const char *text, size_t *position)
{
	struct import_token token = {.text = text + *position};
	token.text += strspn(token.text, BLANKS);
	if (*token.text == '\'' || *token.text == '"') {
		take_string(&token);
	} else if (*token.text && strchr(DIGITS, *token.text)) {
		take_number(&token);
	} else if (*token.text && strchr(LETTERS, *token.text)) {
		token.kind = IMPORT_NAME;
		token.length = strspn(token.text, LETTERS DIGITS);
	} else if (*token.text) {
		take_mark(&token);
	}
	*position = (size_t)(token.text - text) + token.length;
	return token;
}

bool import_token_is(const struct import_token *token, const char *text)
{
	return token->length == strlen(text) && memcmp(token->text, text, token->length) == 0;
}
