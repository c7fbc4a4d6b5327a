/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of an expression cut into tokens, which point into it. */
#ifndef RULES_LEXER_H
#define RULES_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/expr.h"
#include "rules/fault.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* also `and`, `in` and the like: the parser knows where they are keywords */
	TOKEN_QUOTED, /* text and length are what stands between the quotes */
	TOKEN_SET,    /* @name */
	TOKEN_OPERATOR,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_LIST_OPEN,
	TOKEN_LIST_CLOSE,
	TOKEN_COMMA
};

struct token {
	enum token_kind kind;
	enum expr_operator op; /* of a TOKEN_OPERATOR */
	size_t offset;         /* first byte, that of the quote where there is one */
	size_t end;            /* behind the last byte */
	const char *text;      /* not terminated by a zero */
	size_t length;
};

struct lexer {
	const char *text;
	size_t position;
};

/* The next token; TOKEN_END again and again at the end. 0, or -EINVAL with the fault set. */
int lexer_next(struct lexer *lexer, struct token *ret_token, struct fault *fault);

bool token_is_word(const struct token *token, const char *word);

#endif
