/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An explanation asks the classifier and the plain rules. Here the plain rules can be made to lie
 * (ld --wrap=ruleset_match_plain), because a difference between the two must not go unnoticed.
 */
#include "fixture.h"

#include <netinet/in.h>

#include "engine/explain.h"

static const char rules[] = "version: 1\n"
			    "interfaces: {wan0: {out: 10mbit}}\n"
			    "classes: {default: {out: 1mbit}, web: {out: 2mbit}}\n"
			    "rules:\n"
			    "  - {name: mail, if: dport == 25, action: drop}\n"
			    "  - {name: web, if: dport == 80, class: web}\n"
			    "  - {name: rest, if: proto == tcp, action: accept}\n";

#define TRUTH (-2)
static int lie = TRUTH;

int __real_ruleset_match_plain(const struct ruleset *ruleset, const struct facts *facts,
				size_t from);
int __wrap_ruleset_match_plain(const struct ruleset *ruleset, const struct facts *facts,
				size_t from);

int __wrap_ruleset_match_plain(const struct ruleset *ruleset, const struct facts *facts,
				size_t from)
{
	return lie == TRUTH ? __real_ruleset_match_plain(ruleset, facts, from) : lie;
}

static struct explanation explain_web(const struct snapshot *snapshot, int plain)
{
	static const uint8_t there[] = {192, 0, 2, 1}, here[] = {198, 51, 100, 1};
	struct explanation explanation;
	struct packet packet = {
		.src = addr_from_bytes(AF_INET, here),
		.dst = addr_from_bytes(AF_INET, there),
		.proto = IPPROTO_TCP,
		.has_ports = true,
		.sport = 40000,
		.dport = 80,
	};
	struct packet_origin origin = {.direction = DIRECTION_OUT, .oif = "wan0"};
	struct facts facts = decide_facts(snapshot, &packet, &origin);
	lie = plain;
	explain(snapshot, &facts, NULL, &explanation);
	assert_null(explanation.exemption);
	assert_string_equal(explanation.rule, "web");
	return explanation;
}

static void test_both_agree(void **state)
{
	struct snapshot *snapshot = fixture_snapshot(rules, &(struct ids){0});
	struct explanation explanation = explain_web(snapshot, TRUTH);
	(void)state;
	assert_false(explanation.disagrees);
	assert_int_equal(explanation.n_steps, 2);
	assert_false(explanation.steps[0].matched);
	assert_true(explanation.steps[1].matched);
	explanation_fini(&explanation);
	snapshot_free(snapshot);
}

static void test_both_differ(void **state)
{
	static const struct {
		int plain;
		const char *name;
		size_t n_steps;
	} cases[] = {{0, "mail", 2}, {2, "rest", 3}, {-1, NULL, 3}};
	struct snapshot *snapshot = fixture_snapshot(rules, &(struct ids){0});
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct explanation explanation = explain_web(snapshot, cases[i].plain);
		assert_true(explanation.disagrees);
		assert_int_equal(explanation.n_steps, cases[i].n_steps);
		if (cases[i].name)
			assert_string_equal(explanation.plain_rule, cases[i].name);
		else
			assert_null(explanation.plain_rule);
		explanation_fini(&explanation);
	}
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_agree),
		cmocka_unit_test(test_both_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
