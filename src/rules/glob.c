/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "rules/pattern.h"

/* Behind the `]` that ends the brackets at `open`, or NULL. The first place may hold a `]`. */
static const char *bracket_end(const char *open)
{
	const char *at = open + 1;
	if (*at == '!' || *at == '^')
		at++;
	for (const char *first = at; *at; at++) {
		if (*at == ']' && at != first)
			return at + 1;
		if (*at == '\\' && at[1])
			at++;
	}
	return NULL;
}

static int check_bracket(const struct expr_value *value, const char *open, const char *end,
			 struct fault *fault)
{
	size_t offset = value->offset + (size_t)(open - value->text);
	if (!end)
		return fault_set(fault, offset,
				 "this `[` of the pattern is not closed; `\\[` stands for itself");
	for (const char *at = open; at < end; at++)
		if ((unsigned char)*at >= 0x80)
			return fault_set(fault, offset,
					 "only ASCII characters can stand in brackets");
	return 0;
}

int glob_check(const struct expr_value *value, struct fault *fault)
{
	if (value->length > PATTERN_LENGTH_MAX)
		return fault_set(fault, value->offset, "the pattern is longer than %d bytes",
				 PATTERN_LENGTH_MAX);
	for (const char *at = value->text; *at; at++) {
		if (*at == '\\') {
			if (!*++at)
				return fault_set(fault, value->offset + value->length - 1,
						 "nothing stands behind this `\\`; `\\\\` is one");
		} else if (*at == '[') {
			const char *end = bracket_end(at);
			int error = check_bracket(value, at, end, fault);
			if (error)
				return error;
			at = end - 1;
		}
	}
	return 0;
}

/* One character of UTF-8, or one byte where the text is none. */
static const char *next_character(const char *at, const char *end)
{
	at++;
	while (at < end && ((unsigned char)*at & 0xc0) == 0x80)
		at++;
	return at;
}

static bool bracket_has(const char *at, const char *end, unsigned char wanted)
{
	bool found = false;
	while (at < end) {
		at += *at == '\\';
		unsigned char first = (unsigned char)*at++;
		unsigned char last = first;
		if (at + 1 < end && *at == '-') {
			at++;
			at += *at == '\\';
			last = (unsigned char)*at++;
		}
		found |= first <= wanted && wanted <= last;
	}
	return found;
}

/* Matches one element that is no `*`; moves both behind what matched. */
static bool match_element(const char **glob, const char **text, const char *text_end)
{
	const char *at = *glob;
	if (*at == '?') {
		*glob = at + 1;
		*text = next_character(*text, text_end);
		return true;
	}
	if (*at == '[') {
		const char *end = bracket_end(at);
		bool is_negated = at[1] == '!' || at[1] == '^';
		const char *members = at + 1 + is_negated;
		if (bracket_has(members, end - 1, (unsigned char)**text) == is_negated)
			return false;
		*glob = end;
		*text = next_character(*text, text_end);
		return true;
	}
	at += *at == '\\';
	if (*at != **text)
		return false;
	*glob = at + 1;
	(*text)++;
	return true;
}

bool glob_matches(const char *glob, const char *text, size_t length)
{
	const char *end = text + length;
	const char *star = NULL; /* behind the last `*`, which so far covers up to `mark` */
	const char *mark = NULL;
	while (text < end) {
		if (*glob == '*') {
			star = ++glob;
			mark = text;
		} else if (*glob == '\0' || !match_element(&glob, &text, end)) {
			if (!star)
				return false;
			/* An earlier star need not be tried: the last can cover what it would. */
			mark = next_character(mark, end);
			glob = star;
			text = mark;
		}
	}
	return glob[strspn(glob, "*")] == '\0';
}
