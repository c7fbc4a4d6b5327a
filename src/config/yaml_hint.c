/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/yaml_hint.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Which of the parser's two marks shows the user where to look. */
enum hint_mark { MARK_PROBLEM, MARK_CONTEXT };

struct hint {
	const char *problem; /* libyaml 0.2's words (scanner.c, parser.c) */
	enum hint_mark mark;
	const char *advice;
};

static const struct hint hints[] = {
	{"mapping values are not allowed in this context", MARK_PROBLEM,
	 "`:` is not expected here: text that holds `: ` needs quotes, and the keys of one map "
	 "begin in the same column"},
	{"could not find expected ':'", MARK_CONTEXT,
	 "a key without value: write `key: value`, and indent text that goes on from the line "
	 "before"},
	{"did not find expected key", MARK_PROBLEM,
	 "a key is expected here: the keys of one map begin in the same column, and text that "
	 "begins with a quote, [ or { is quoted as a whole"},
	{"did not find expected '-' indicator", MARK_PROBLEM,
	 "a list entry is expected here: write `- …`, all entries of one list in the same column"},
	{"block sequence entries are not allowed in this context", MARK_PROBLEM,
	 "`- ` is not expected here: a list begins in a line of its own, or is written […]"},
	{"mapping keys are not allowed in this context", MARK_PROBLEM,
	 "`? ` is not expected here: write `key: value`, or put the text in quotes"},
	{"did not find expected node content", MARK_PROBLEM,
	 "a value is expected here, or a closing ] or }"},
	{"found unexpected ':'", MARK_PROBLEM,
	 "`:` is not expected here: inside […] and {…} an address that ends in `:` needs quotes"},
	{"found unexpected end of stream", MARK_CONTEXT,
	 "the quote that opens here is not closed before the end of the file"},
	{"found unexpected document indicator", MARK_CONTEXT,
	 "the quote that opens here is not closed before the end of the document"},
	{"found unknown escape character", MARK_PROBLEM,
	 "unknown escape: in \"…\" write \\\\ for a backslash, or put the text in '…'"},
	{"did not find expected hexdecimal number", MARK_PROBLEM,
	 "digits of an escape are missing: in \"…\" write \\\\ for a backslash, or put the text "
	 "in '…'"},
	{"did not find expected alphabetic or numeric character", MARK_CONTEXT,
	 "text that begins with `*` or `&` needs quotes"},
	{"did not find expected comment or line break", MARK_CONTEXT,
	 "text that begins with `|` or `>` needs quotes"},
	{"found undefined tag handle", MARK_PROBLEM, "text that begins with `!` needs quotes"},
	{"did not find expected <document start>", MARK_PROBLEM,
	 "the configuration ends above this line: one file holds one document"},
};

static struct place place_of(const struct source *source, yaml_mark_t mark)
{
	return (struct place){source->path, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static char byte_at(const struct source *source, yaml_mark_t mark)
{
	struct place at = place_of(source, mark);
	return source->bytes[source_offset(source, at.line, at.column)];
}

/* `,` or a closing bracket was expected, something else came. */
static void hint_flow(const yaml_parser_t *parser, const struct source *source,
		      const struct yaml_situation *situation, struct diags *diags)
{
	struct place at = place_of(source, parser->problem_mark);
	char found = byte_at(source, parser->problem_mark);
	bool is_map = strchr(parser->problem, '}') != NULL;
	if (situation->after_if &&
	    (situation->after_quoted_if || (found && strchr("[]{}\"'", found)))) {
		diag_error(diags, at,
			   "inside {…} an `if` that holds brackets or quotes needs quotes around "
			   "the whole: write if: '…', or begin a line with if:");
		return;
	}
	diag_error(diags, at, "`,` or `%c` is expected here: the `%c` of line %u is still open",
		   is_map ? '}' : ']', is_map ? '{' : '[', (unsigned)parser->context_mark.line + 1);
}

static void hint_character(const yaml_parser_t *parser, const struct source *source,
			   struct diags *diags)
{
	struct place at = place_of(source, parser->problem_mark);
	char found = byte_at(source, parser->problem_mark);
	if (found == '\t')
		diag_error(diags, at, "a tab does not indent in YAML: use blanks");
	else
		diag_error(diags, at, "text that begins with `%c` needs quotes", found);
}

void yaml_hint(const yaml_parser_t *parser, const struct source *source,
	       const struct yaml_situation *situation, struct diags *diags)
{
	const char *problem = parser->problem ? parser->problem : "not YAML";
	struct place at = place_of(source, parser->problem_mark);
	if (strstr(problem, "expected ',' or")) {
		hint_flow(parser, source, situation, diags);
		return;
	}
	if (strstr(problem, "cannot start any token") || strstr(problem, "tab character")) {
		hint_character(parser, source, diags);
		return;
	}
	if (situation->after_quoted_if && strcmp(problem, "did not find expected key") == 0) {
		diag_error(diags, at,
			   "an `if` that begins with a quote or a bracket needs quotes around the "
			   "whole: write if: '…', with '' for each ' in it");
		return;
	}
	for (size_t i = 0; i < COUNT(hints); i++) {
		if (strcmp(problem, hints[i].problem) != 0)
			continue;
		if (hints[i].mark == MARK_CONTEXT)
			at = place_of(source, parser->context_mark);
		diag_error(diags, at, "%s", hints[i].advice);
		return;
	}
	diag_error(diags, at, "not YAML: %s", problem);
}
