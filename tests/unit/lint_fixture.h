/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The warnings of check about a list of conditions, each that of a rule. */
#ifndef TESTS_LINT_FIXTURE_H
#define TESTS_LINT_FIXTURE_H

#include "fixture.h"

#include <string.h>

#include "engine/lint.h"
#include "util/alloc.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"management: [tcp/22, tcp/443, \"tcp/8443 from 192.168.1.0/24\", udp/161]\n"               \
	"sets: {web: [80, 443, 8000-8080], odd: [81], lan: [10.0.0.0/8, 'fd00::/8'], "             \
	"more: [80, 443, 8000-9000]}\n"

struct lint_case {
	const char *rules; /* conditions, separated by line feeds */
	const char *expected;
};

static inline char *warnings_of(const char *text)
{
	struct ids none = {0};
	struct diags diags;
	char *warnings = NULL;
	size_t size;
	struct snapshot *snapshot = fixture_snapshot(text, &none);
	diags_init(&diags);
	lint(snapshot->config, snapshot->ruleset, &diags);
	assert_int_equal(diags.errors, 0);
	FILE *out = open_memstream(&warnings, &size);
	for (size_t i = 0; i < diags.count; i++)
		fprintf(out, "%u:%u: %s\n", diags.items[i].line, diags.items[i].column,
			diags.items[i].message);
	fclose(out);
	diags_fini(&diags);
	snapshot_free(snapshot);
	return warnings;
}

/* Rules from line 5 on, three lines each: `- if: |-`, the condition in column 5, the action. */
static inline char *rules_text(const char *conditions)
{
	char *text = NULL, *copy = xstrdup(conditions), *rest = copy;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	fputs(HEAD "rules:\n", out);
	for (char *line; (line = strsep(&rest, "\n"));)
		fprintf(out, "- if: |-\n    %s\n  action: drop\n", line);
	fclose(out);
	free(copy);
	return text;
}

static inline void check_cases(const struct lint_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = rules_text(cases[i].rules);
		char *warnings = warnings_of(text);
		if (strcmp(warnings, cases[i].expected) != 0)
			fail_msg("%s\nexpected:\n%sbut got:\n%s", cases[i].rules, cases[i].expected,
				 warnings);
		free(warnings);
		free(text);
	}
}

#define FALSE "6:5: rule `rule 1` never matches: no packet satisfies this\n"
#define TRUE "6:5: rule `rule 1` matches every packet: this is always true\n"

#define BY(rule, line)                                                                             \
	"is never reached: `rule " rule "` (line " line ") matches all that it could match\n"
#define SECOND "8:3: rule `rule 2` " BY("1", "5")

#endif
