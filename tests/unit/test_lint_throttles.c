/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What check warns of where rules have throttles: behind one that only has one the search goes on.
 */
#include "fixture.h"

#include <string.h>

#include "engine/lint.h"

#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"classes: {default: {out: 1mbit}, web: {out: 2mbit}, slow: {out: 1mbit}}\n"                \
	"throttles: {t: {limit: 25/60}, unused: {limit: 25/60}}\n"                                 \
	"rules:\n"

/* Nothing is said about the classes. */
#define USES "- {if: sport == 1, class: web}\n- {if: sport == 2, class: slow}\n"

struct lint_case {
	const char *rules; /* from line 5 on */
	const char *expected;
};

static void check(const struct lint_case *one)
{
	char text[2048], *warnings = NULL;
	size_t size;
	struct diags diags;
	snprintf(text, sizeof(text), HEAD "%s", one->rules);
	struct snapshot *snapshot = fixture_snapshot(text, &(struct ids){0});
	diags_init(&diags);
	lint(snapshot->config, snapshot->ruleset, &diags);
	FILE *out = open_memstream(&warnings, &size);
	for (size_t i = 0; i < diags.count; i++)
		fprintf(out, "%u: %s\n", diags.items[i].line, diags.items[i].message);
	fclose(out);
	if (strcmp(warnings, one->expected) != 0)
		fail_msg("%s\nexpected:\n%s\ngot:\n%s", one->rules, one->expected, warnings);
	free(warnings);
	diags_fini(&diags);
	snapshot_free(snapshot);
}

static void check_all(const struct lint_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&cases[i]);
}

#define CHECK(cases) check_all(cases, sizeof(cases) / sizeof((cases)[0]))

static void a_throttle_alone_hides_nothing(void **state)
{
	static const struct lint_case cases[] = {
		{USES "- {if: dport == 80, throttle: t}\n- {if: dport == 80, class: web}\n", ""},
		{USES "- {if: dport == 80, throttle: t}\n- {if: dport == 80, throttle: t}\n", ""},
		{USES "- {if: dport in 1-99, throttle: t, over: reject}\n"
		      "- {if: dport == 80, throttle: t}\n",
		 ""},
		/* nor where it matches all */
		{USES "- {if: dport == 80 or not dport == 80, throttle: t}\n"
		      "- {if: dport == 80, action: drop}\n",
		 ""},
	};
	(void)state;
	CHECK(cases);
}

static void with_a_class_it_settles(void **state)
{
	static const struct lint_case cases[] = {
		{USES "- {if: dport in 1-99, throttle: t, class: web}\n"
		      "- {if: dport == 80, class: slow}\n",
		 "8: rule `rule 4` is never reached: `rule 3` (line 7) matches all that it could "
		 "match\n"},
		{USES "- {if: dport == 80 or not dport == 80, throttle: t, class: web}\n"
		      "- {if: dport == 80, action: drop}\n",
		 "7: rule `rule 3` matches every packet: this is always true, and no rule behind "
		 "it "
		 "is reached\n"},
	};
	(void)state;
	CHECK(cases);
}

static void a_throttle_can_be_hidden(void **state)
{
	static const struct lint_case cases[] = {
		{USES "- {if: dport in 1-99, class: web}\n- {if: dport == 80, throttle: t}\n",
		 "8: rule `rule 4` is never reached: `rule 3` (line 7) matches all that it could "
		 "match\n"},
		{USES "- {if: dport == 80, class: web}\n- {if: dport == 80, throttle: t}\n",
		 "8: rule `rule 4` is never reached: `rule 3` (line 7) matches all that it could "
		 "match\n"},
		/* over one in between that hides nothing */
		{USES "- {if: dport == 80, throttle: t}\n- {if: dport == 80, class: web}\n"
		      "- {if: dport == 80, throttle: t}\n",
		 "9: rule `rule 5` is never reached: `rule 4` (line 8) matches all that it could "
		 "match\n"},
		{USES "- {if: dport == 80 and dport == 81, throttle: t}\n",
		 "7: rule `rule 3` never matches: no packet satisfies this\n"},
		{USES "- {if: dport == 22 and dir == in, throttle: t}\n",
		 "7: rule `rule 3` matches nothing of what comes in to this host by tcp: "
		 "`management:` exempts it, and only the rest can match\n"},
	};
	(void)state;
	CHECK(cases);
}

static void classes_of_over_are_used(void **state)
{
	static const struct lint_case cases[] = {
		{"- {if: dport == 80, throttle: t, over: class slow}\n",
		 "2: no rule uses class `web`\n"},
		{"- {if: dport == 80, throttle: t, class: web, over: class slow}\n", ""},
		{"- {if: dport == 80, throttle: t, class: web, over: reject}\n",
		 "2: no rule uses class `slow`\n"},
		{"- {if: dport == 80, throttle: t, over: class default}\n",
		 "2: no rule uses class `web`\n2: no rule uses class `slow`\n"},
	};
	(void)state;
	CHECK(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_throttle_alone_hides_nothing),
		cmocka_unit_test(with_a_class_it_settles),
		cmocka_unit_test(a_throttle_can_be_hidden),
		cmocka_unit_test(classes_of_over_are_used),
	};
	return cmocka_run_group_tests_name("lint of throttles", tests, NULL, NULL);
}
