/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the two files of the translator share: import_expr.c has or, and, not and comparisons,
 * import_operand.c what stands between them.
 */
#ifndef CLI_IMPORT_OPERAND_H
#define CLI_IMPORT_OPERAND_H

#include "cli/import_model.h"
#include "cli/import_token.h"

/* A name that a test may ask about. */
struct import_attribute {
	const char *name;
	enum { IMPORT_ADDRESS, IMPORT_INTEGER, IMPORT_TEXT, IMPORT_TEXTS } type;
};

enum import_operand_kind {
	IMPORT_ATTRIBUTE,
	IMPORT_CONSTANT, /* a string or a number */
	IMPORT_LIST,
	IMPORT_NONE,     /* None */
	IMPORT_CONDITION /* true or false: a whole test, or several */
};

struct import_operand {
	enum import_operand_kind kind;
	char *text; /* in our words; owned */
	const struct import_attribute *attribute;
	bool is_string; /* of a constant */
	bool has_or;    /* of a condition: outside of parentheses */
};

struct translator {
	const struct import_statement *statement;
	const char *text;
	size_t position;
	struct import_token token; /* the next one */
	unsigned depth;
	char *problem; /* the first thing that no expression of ours can say */
	struct diags *diags;
};

/*
 * All below return 0; -ENOTSUP with `problem` set; -EINVAL with an error reported. An operand is
 * filled only where 0 is returned, and the caller frees its text.
 */
int translate_or(struct translator *translator, struct import_operand *ret_operand);
int translate_operand(struct translator *translator, struct import_operand *ret_operand);

void translator_advance(struct translator *translator);
int translator_unable(struct translator *translator, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int translator_wrong(struct translator *translator, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Where the next token cannot stand: says why. */
int translator_unexpected(struct translator *translator, const char *wanted);

#endif
