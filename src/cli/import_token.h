/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a pyshaper test, which is Python, cut into tokens that point into it. */
#ifndef CLI_IMPORT_TOKEN_H
#define CLI_IMPORT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum import_token_kind {
	IMPORT_END,
	IMPORT_NAME,   /* also and, or, not, in, is */
	IMPORT_NUMBER, /* digits, or 0x and hexadecimal ones */
	IMPORT_STRING, /* with its quotes */
	IMPORT_COMPARISON,
	IMPORT_OPEN,
	IMPORT_CLOSE,
	IMPORT_LIST_OPEN,
	IMPORT_LIST_CLOSE,
	IMPORT_COMMA,
	IMPORT_OTHER,     /* Python has it, and no expression of ours: + . { … */
	IMPORT_OPEN_QUOTE /* a string that does not end */
};

struct import_token {
	enum import_token_kind kind;
	const char *text; /* not terminated by a zero */
	size_t length;
};

/* The token at or behind *position, which moves behind it. */
struct import_token import_token_next(const char *text, size_t *position);

bool import_token_is(const struct import_token *token, const char *text);

#endif
