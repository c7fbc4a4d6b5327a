/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/import_operand.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/report.h"
#include "rules/fault.h"
#include "util/alloc.h"
#include "util/text.h"

#define DEPTH_MAX 60 /* a little less than an expression of ours may have */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct import_attribute attributes[] = {
	{"raddr", IMPORT_ADDRESS}, {"rport", IMPORT_INTEGER}, {"laddr", IMPORT_ADDRESS},
	{"lport", IMPORT_INTEGER}, {"user", IMPORT_TEXT},     {"pid", IMPORT_INTEGER},
	{"cmd", IMPORT_TEXT},      {"args", IMPORT_TEXTS},    {"cc", IMPORT_TEXT},
	{"country", IMPORT_TEXT},
};

void translator_advance(struct translator *translator)
{
	translator->token = import_token_next(translator->text, &translator->position);
}

int translator_unable(struct translator *translator, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (vasprintf(&translator->problem, format, args) < 0)
		abort();
	va_end(args);
	return -ENOTSUP;
}

int translator_wrong(struct translator *translator, const char *at, const char *format, ...)
{
	va_list args;
	char *message = NULL;
	size_t offset = translator->statement->value_offset + (size_t)(at - translator->text);
	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		abort();
	va_end(args);
	report_error(translator->diags, import_place(translator->statement, offset), "%s", message);
	free(message);
	return -EINVAL;
}

int translator_unexpected(struct translator *translator, const char *wanted)
{
	const struct import_token *token = &translator->token;
	struct snippet shown = snippet_of(token->text, token->length);
	if (import_token_is(token, "="))
		return translator_wrong(translator, token->text, "equality is `==`");
	if (token->kind == IMPORT_OTHER)
		return translator_unable(translator, "`%s` has no equivalent here", shown.text);
	if (token->kind == IMPORT_OPEN_QUOTE)
		return translator_wrong(translator, token->text,
					"this quote is not closed (`#` begins a comment also in "
					"quotes)");
	if (token->kind == IMPORT_END)
		return translator_wrong(translator, token->text,
					"the test ends where %s should follow", wanted);
	return translator_wrong(translator, token->text, "`%s` where %s should be", shown.text,
				wanted);
}

static int expect(struct translator *translator, enum import_token_kind kind, const char *wanted)
{
	if (translator->token.kind != kind)
		return translator_unexpected(translator, wanted);
	translator_advance(translator);
	return 0;
}

static int take_constant(struct translator *translator, struct import_operand *operand)
{
	const struct import_token *token = &translator->token;
	operand->kind = IMPORT_CONSTANT;
	operand->is_string = token->kind == IMPORT_STRING;
	operand->text = xstrndup(token->text, token->length);
	translator_advance(translator);
	return 0;
}

/* Behind the first value of a list, at a comma or at its end. */
static int take_rest_of_list(struct translator *translator, struct import_operand *list,
			     enum import_token_kind close)
{
	size_t length = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);
	int error = 0;
	if (!out)
		abort();
	fprintf(out, "[%s", list->text);
	while (!error && translator->token.kind == IMPORT_COMMA) {
		translator_advance(translator);
		if (translator->token.kind == close)
			break;
		const struct import_token *token = &translator->token;
		if (token->kind == IMPORT_STRING || token->kind == IMPORT_NUMBER)
			fprintf(out, ", %.*s", (int)token->length, token->text);
		else
			error = translator_unexpected(translator, "a value of the list");
		if (!error)
			translator_advance(translator);
	}
	fprintf(out, "]");
	fclose(out);
	free(list->text);
	list->text = text;
	list->kind = IMPORT_LIST;
	return error ? error : expect(translator, close, "the list's end");
}

static int take_list(struct translator *translator, struct import_operand *operand)
{
	translator_advance(translator);
	if (translator->token.kind == IMPORT_LIST_CLOSE)
		return translator_unable(translator, "nothing is in an empty list");
	if (translator->token.kind != IMPORT_STRING && translator->token.kind != IMPORT_NUMBER)
		return translator_unexpected(translator, "a value of the list");
	take_constant(translator, operand);
	return take_rest_of_list(translator, operand, IMPORT_LIST_CLOSE);
}

/* `(` begins a test in parentheses, or a list of Python's other kind. */
static int take_parenthesis(struct translator *translator, struct import_operand *operand)
{
	const char *open = translator->token.text;
	if (translator->depth == DEPTH_MAX)
		return translator_wrong(translator, open, "more than %d parentheses in each other",
					DEPTH_MAX);
	translator_advance(translator);
	if (translator->token.kind == IMPORT_CLOSE)
		return translator_unable(translator, "nothing is in an empty list");
	translator->depth++;
	int error = translate_or(translator, operand);
	translator->depth--;
	if (error)
		return error;
	if (translator->token.kind == IMPORT_COMMA && operand->kind == IMPORT_CONSTANT)
		return take_rest_of_list(translator, operand, IMPORT_CLOSE);
	if (translator->token.kind == IMPORT_END)
		return translator_wrong(translator, open, "this `(` is not closed");
	if (operand->kind == IMPORT_CONDITION) {
		char *inner = operand->text;
		operand->text = xasprintf("(%s)", inner);
		operand->has_or = false;
		free(inner);
	}
	return expect(translator, IMPORT_CLOSE, "`)`");
}

/* range(6881, 6890), without its end. */
static int take_range(struct translator *translator, struct import_operand *operand)
{
	uint64_t ends[2] = {0, 0};
	unsigned count = 0;
	do {
		translator_advance(translator);
		if (translator->token.kind != IMPORT_NUMBER || count == 2)
			return translator_unable(translator, "this range() has no equivalent");
		char *text = xstrndup(translator->token.text, translator->token.length);
		int error = text_to_u64(text, UINT32_MAX, &ends[count++]);
		free(text);
		if (error)
			return translator_unable(translator, "this range() has no equivalent");
		translator_advance(translator);
	} while (translator->token.kind == IMPORT_COMMA);
	if (count == 1) {
		ends[1] = ends[0];
		ends[0] = 0;
	}
	if (ends[0] >= ends[1])
		return translator_unable(translator, "nothing is in an empty range()");
	operand->kind = IMPORT_LIST;
	operand->text = xasprintf("[%ju-%ju]", (uintmax_t)ends[0], (uintmax_t)ends[1] - 1);
	return expect(translator, IMPORT_CLOSE, "`)`");
}

static int take_other_name(struct translator *translator, const struct import_token *name,
			   struct import_operand *operand)
{
	const char *names[COUNT(attributes)];
	struct snippet shown = snippet_of(name->text, name->length);
	if (import_token_is(name, "None")) {
		operand->kind = IMPORT_NONE;
		operand->text = xstrdup("None");
		return 0;
	}
	if (translator->token.kind == IMPORT_OPEN)
		return import_token_is(name, "range")
			       ? take_range(translator, operand)
			       : translator_unable(translator, "`%s()` has no equivalent here",
						   shown.text);
	if (import_token_is(name, "True") || import_token_is(name, "False") ||
	    import_token_is(name, "lambda") || translator->token.kind == IMPORT_OTHER)
		return translator_unable(translator, "`%s` has no equivalent here", shown.text);
	for (size_t i = 0; i < COUNT(attributes); i++)
		names[i] = attributes[i].name;
	const char *nearest = text_nearest(shown.text, names, COUNT(attributes));
	return translator_wrong(translator, name->text, "unknown name `%s`%s%s%s", shown.text,
				nearest ? "; did you mean `" : ": a text is written in quotes",
				nearest ? nearest : "", nearest ? "`?" : "");
}

/* args[0], or args[-1] */
static int take_index(struct translator *translator, struct import_operand *operand)
{
	translator_advance(translator);
	bool from_end = import_token_is(&translator->token, "-");
	if (from_end)
		translator_advance(translator);
	struct import_token index = translator->token;
	if (operand->attribute->type != IMPORT_TEXTS || index.kind != IMPORT_NUMBER)
		return translator_unable(translator, "a part of `%s` cannot be tested",
					 operand->attribute->name);
	free(operand->text);
	operand->text = xasprintf("%s[%s%.*s]", operand->attribute->name, from_end ? "-" : "",
				  (int)index.length, index.text);
	translator_advance(translator);
	if (translator->token.kind == IMPORT_OTHER)
		return translator_unable(translator, "a part of `%s` cannot be tested",
					 operand->attribute->name);
	return expect(translator, IMPORT_LIST_CLOSE, "`]`");
}

static int take_name(struct translator *translator, struct import_operand *operand)
{
	struct import_token name = translator->token;
	static const char *const words[] = {"and", "or", "not", "in", "is"};
	for (size_t i = 0; i < COUNT(words); i++)
		if (import_token_is(&name, words[i]))
			return translator_unexpected(translator, "a name or a value");
	translator_advance(translator);
	for (size_t i = 0; i < COUNT(attributes) && !operand->attribute; i++)
		if (import_token_is(&name, attributes[i].name))
			operand->attribute = &attributes[i];
	if (!operand->attribute)
		return take_other_name(translator, &name, operand);
	operand->kind = IMPORT_ATTRIBUTE;
	operand->text = xstrdup(operand->attribute->name);
	return translator->token.kind == IMPORT_LIST_OPEN ? take_index(translator, operand) : 0;
}

int translate_operand(struct translator *translator, struct import_operand *ret_operand)
{
	struct import_operand operand = {0};
	int error = 0;
	switch (translator->token.kind) {
	case IMPORT_NAME:
		error = take_name(translator, &operand);
		break;
	case IMPORT_NUMBER:
	case IMPORT_STRING:
		error = take_constant(translator, &operand);
		break;
	case IMPORT_OPEN:
		error = take_parenthesis(translator, &operand);
		break;
	case IMPORT_LIST_OPEN:
		error = take_list(translator, &operand);
		break;
	case IMPORT_END:
	case IMPORT_COMPARISON:
	case IMPORT_CLOSE:
	case IMPORT_LIST_CLOSE:
	case IMPORT_COMMA:
	case IMPORT_OTHER:
	case IMPORT_OPEN_QUOTE:
		error = translator_unexpected(translator, "a name or a value");
		break;
	}
	if (error)
		free(operand.text);
	else
		*ret_operand = operand;
	return error;
}
