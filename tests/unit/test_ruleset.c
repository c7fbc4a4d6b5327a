/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All rules of a configuration: which one matches first, why, and what is said of errors. */
#include "rules_fixture.h"

#include "rules/ruleset.h"

#define RULES_MAX 8

/* A configuration that has conditions only; the condition of rule N begins at line N, column 9. */
struct world {
	struct config config;
	struct config_rule rules[RULES_MAX];
	struct diags diags;
	struct ruleset *ruleset;
};

static void world_init(struct world *world, const char *geoip, const char *const *conditions,
		       size_t count)
{
	*world = (struct world){.config = {.geoip = (char *)(uintptr_t)geoip}};
	world->config.rules = world->rules;
	world->config.n_rules = count;
	for (size_t i = 0; i < count; i++) {
		world->rules[i].condition = (struct config_text){
			.text = (char *)(uintptr_t)conditions[i],
			.at = {.file = "rules.yaml", .line = (unsigned)i + 1, .column = 9},
		};
	}
	diags_init(&world->diags);
	world->ruleset = ruleset_compile(&world->config, &world->diags);
}

static void world_fini(struct world *world)
{
	ruleset_free(world->ruleset);
	diags_fini(&world->diags);
}

static void assert_diag(const struct world *world, size_t index, enum diag_severity severity,
			unsigned line, unsigned column, const char *message)
{
	assert_true(index < world->diags.count);
	const struct diag *diag = &world->diags.items[index];
	assert_int_equal(diag->severity, severity);
	assert_string_equal(diag->file, "rules.yaml");
	assert_int_equal(diag->line, line);
	assert_int_equal(diag->column, column);
	assert_string_equal(diag->message, message);
}

static void test_first_match(void **state)
{
	static const char *const conditions[] = {
		"dport == 25",
		"dport in [80, 443] and dir == in",
		"proto == tcp and cc in [NZ, AU]",
		"proto == tcp",
	};
	struct world world;
	struct sample sample;
	(void)state;
	world_init(&world, "geo.mmdb", conditions, COUNT(conditions));
	assert_non_null(world.ruleset);
	assert_int_equal(world.diags.count, 0);
	assert_int_equal(ruleset_count(world.ruleset), 4);
	assert_true(ruleset_needs_geo(world.ruleset));
	sample_out(&sample);
	assert_int_equal(ruleset_match(world.ruleset, &sample.facts), 2);
	assert_false(ruleset_rule_matches(world.ruleset, 1, &sample.facts));
	assert_true(ruleset_rule_matches(world.ruleset, 2, &sample.facts));
	assert_true(ruleset_rule_matches(world.ruleset, 3, &sample.facts));
	sample.facts.cc = "DE";
	assert_int_equal(ruleset_match(world.ruleset, &sample.facts), 3);
	sample.packet.dport = 25;
	assert_int_equal(ruleset_match(world.ruleset, &sample.facts), 0);
	sample_in(&sample);
	assert_int_equal(ruleset_match(world.ruleset, &sample.facts), -1);
	world_fini(&world);
}

static void test_no_rules(void **state)
{
	static const char *const conditions[] = {NULL};
	struct world world;
	struct sample sample;
	(void)state;
	sample_out(&sample);
	world_init(&world, NULL, conditions, 0);
	assert_non_null(world.ruleset);
	assert_int_equal(ruleset_count(world.ruleset), 0);
	assert_int_equal(ruleset_match(world.ruleset, &sample.facts), -1);
	world_fini(&world);
	world_init(&world, NULL, conditions, 1);
	assert_int_equal(ruleset_match(world.ruleset, &sample.facts), 0);
	char *why = ruleset_explain(world.ruleset, 0, &sample.facts);
	assert_string_equal(why, "the rule has no condition: every packet matches");
	free(why);
	world_fini(&world);
}

/* One error for each wrong rule, all rules in one run. */
static void test_errors(void **state)
{
	static const char *const conditions[] = {
		"dport = 25 or rprot == 1",
		"dport == 25",
		"cc == NZ and country == \"Neu Zealand\"",
		"",
		"country == 'Türkiye' and rport == 80000",
	};
	struct world world;
	(void)state;
	world_init(&world, "geo.mmdb", conditions, COUNT(conditions));
	assert_null(world.ruleset);
	assert_int_equal(world.diags.count, 4);
	assert_int_equal(world.diags.errors, 4);
	assert_diag(&world, 0, DIAG_ERROR, 1, 15, "`=` is no operator: equality is `==`");
	assert_diag(&world, 1, DIAG_ERROR, 3, 34,
		    "unknown country `Neu Zealand`; did you mean \"New Zealand\"?");
	assert_diag(&world, 2, DIAG_ERROR, 4, 9,
		    "the expression is empty: a test such as `dport == 25` is needed");
	/* In characters, not bytes. */
	assert_diag(&world, 3, DIAG_ERROR, 5, 43, "`80000` is not a port number (0–65535)");
	world_fini(&world);
}

static void test_geo_warning(void **state)
{
	static const char *const conditions[] = {"dport == 25", "dport == 80 and not cc == NZ",
						 "country == Slovakia"};
	static const char message[] =
		"no `geoip:` database is named, so the country is never known";
	struct world world;
	(void)state;
	world_init(&world, NULL, conditions, 3);
	assert_non_null(world.ruleset);
	assert_true(ruleset_needs_geo(world.ruleset));
	assert_int_equal(world.diags.count, 1);
	assert_diag(&world, 0, DIAG_WARNING, 2, 29, message);
	world_fini(&world);
	world_init(&world, NULL, conditions + 2, 1);
	assert_diag(&world, 0, DIAG_WARNING, 1, 9, message);
	world_fini(&world);
	world_init(&world, NULL, conditions, 1);
	assert_int_equal(world.diags.count, 0);
	assert_false(ruleset_needs_geo(world.ruleset));
	world_fini(&world);
}

static void assert_explained(const struct facts *facts, const char *condition, const char *expected)
{
	struct world world;
	world_init(&world, "geo.mmdb", &condition, 1);
	assert_non_null(world.ruleset);
	char *why = ruleset_explain(world.ruleset, 0, facts);
	assert_string_equal(why, expected);
	free(why);
	world_fini(&world);
}

static void test_explain(void **state)
{
	static const char *const cases[][2] = {
		{"dport == 443", "dport == 443: dport is 443"},
		{"dport == 25", "dport == 25 is false: dport is 443"},
		{"proto  in [udp,sctp]", "proto in [udp,sctp] is false: proto is tcp"},
		{"raddr in 66.0.0.0/8", "raddr in 66.0.0.0/8: raddr is 66.35.250.208"},
		{"country == Fiji", "country == Fiji is false: country is New Zealand"},
		{"iif == wan0", "iif == wan0 is false: iif is not known"},
		{"iif", "iif is not known"},
		{"oif", "oif is wan0, so it is known"},
		{"not dport == 25", "dport == 25 is false: dport is 443"},
		{"not dport == 443", "dport == 443 is true: dport is 443"},
		{"not not dport == 443", "dport == 443: dport is 443"},
		/* and: all where it holds, the first that fails where not */
		{"dport == 443 and dir == out",
		 "dport == 443: dport is 443; dir == out: dir is out"},
		{"dport == 443 and dir == in and cc == AU", "dir == in is false: dir is out"},
		/* or: the first that holds, all where none does */
		{"dport == 25 or cc == NZ or dir == out", "cc == NZ: cc is NZ"},
		{"dport == 25 or cc == AU",
		 "dport == 25 is false: dport is 443; cc == AU is false: cc is NZ"},
		{"dport == 443 and (cc == AU or dir == in)",
		 "cc == AU is false: cc is NZ; dir == in is false: dir is out"},
		{"not (dport == 25 or cc == NZ)", "cc == NZ is true: cc is NZ"},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_explained(&sample.facts, cases[i][0], cases[i][1]);
	sample_gre(&sample);
	assert_explained(&sample.facts, "cc in [NZ, AU]",
			 "cc in [NZ, AU] is false: cc is not known");
	assert_explained(&sample.facts, "rport != 25", "rport != 25 is false: rport is not known");
}

/* However long the condition, the reason can be read. */
static void test_explain_is_short(void **state)
{
	struct sample sample;
	char *text = NULL;
	size_t size;
	(void)state;
	sample_out(&sample);
	FILE *out = open_memstream(&text, &size);
	for (unsigned i = 0; i < 100; i++)
		fprintf(out, "dport == %u or ", i);
	fprintf(out, "dport in [1");
	for (unsigned i = 0; i < 100; i++)
		fprintf(out, ", %u", i);
	fprintf(out, "]");
	fclose(out);
	struct world world;
	const char *condition = text;
	world_init(&world, NULL, &condition, 1);
	char *why = ruleset_explain(world.ruleset, 0, &sample.facts);
	assert_non_null(strstr(why, "dport == 11 is false: dport is 443; and 89 more"));
	assert_null(strstr(why, "dport == 12"));
	free(why);
	world_fini(&world);
	free(text);
	assert_explained(&sample.facts,
			 "rport in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "
			 "19, 20, 21, 22, 23]",
			 "rport in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "
			 "19, 20,… is false: rport is 443");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_match), cmocka_unit_test(test_no_rules),
		cmocka_unit_test(test_errors),      cmocka_unit_test(test_geo_warning),
		cmocka_unit_test(test_explain),     cmocka_unit_test(test_explain_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
