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

#define THROTTLED                                                                                  \
	"version: 1\n"                                                                             \
	"interfaces: {wan0: {out: 10mbit}}\n"                                                      \
	"classes: {default: {out: 1mbit}, web: {out: 2mbit}, slow: {out: 1mbit}}\n"                \
	"throttles:\n"                                                                             \
	"  one: {limit: 1/60}\n"                                                                   \
	"  visits: {limit: 25/60, count: connections}\n"                                           \
	"  bytes: {rate: 1mbit, burst: 1500B}\n"                                                   \
	"rules:\n"

#define IS "dport == 80: dport is 80"

/* `rule: + why` of each step that matched, and the outcome, for a packet of 1400 or 1600 bytes. */
static char *explained(const char *throttled, uint32_t length)
{
	static const uint8_t there[] = {192, 0, 2, 1}, here[] = {198, 51, 100, 1};
	struct packet_origin origin = {.direction = DIRECTION_OUT, .oif = "wan0"};
	struct explanation explanation;
	struct packet packet = {
		.src = addr_from_bytes(AF_INET, here),
		.dst = addr_from_bytes(AF_INET, there),
		.proto = IPPROTO_TCP,
		.has_ports = true,
		.sport = 40000,
		.dport = 80,
		.length = length,
	};
	char text[1024], *got = NULL;
	size_t size;
	snprintf(text, sizeof(text), THROTTLED "%s", throttled);
	struct snapshot *snapshot = fixture_snapshot(text, &(struct ids){0});
	struct facts facts = decide_facts(snapshot, &packet, &origin);
	lie = TRUTH;
	explain(snapshot, &facts, NULL, &explanation);
	FILE *out = open_memstream(&got, &size);
	for (size_t i = 0; i < explanation.n_steps; i++)
		if (explanation.steps[i].matched)
			fprintf(out, "%s\n", explanation.steps[i].why);
	fprintf(out, "%s %s by %s, mark 0x%08x", outcome_kind_text(explanation.outcome->kind),
		explanation.outcome->name, explanation.rule ? explanation.rule : "no rule",
		explanation.mark);
	fclose(out);
	explanation_fini(&explanation);
	snapshot_free(snapshot);
	return got;
}

static void test_throttles(void **state)
{
	static const struct {
		const char *rules;
		uint32_t length;
		const char *want;
	} cases[] = {
		{"  - {if: dport == 80, throttle: one}\n", 1400,
		 IS "; throttle one: within its limit where the session is new, the search goes "
		    "on\nqueued default by no rule, mark 0x04000000"},
		{"  - {if: dport == 80, throttle: one, class: web}\n"
		 "  - {if: dport == 80, throttle: visits, class: slow}\n",
		 1400,
		 IS "; throttle one: within its limit where the session is new\nqueued web by "
		    "rule 1, mark 0x04000000"},
		{"  - {if: dport == 80, throttle: visits, class: web, over: reject}\n", 1400,
		 IS "; throttle visits: within its limit where the session is new\nclass web by "
		    "rule 1, mark 0x02000000"},
		{"  - {if: dport == 80, throttle: visits}\n"
		 "  - {if: dport == 80, action: drop}\n",
		 1400,
		 IS "; throttle visits: within its limit where the session is new, the search "
		    "goes on\n" IS "\ndrop drop by rule 2, mark 0x04000000"},
		/* the burst is exceeded */
		{"  - {if: dport == 80, throttle: bytes, class: web}\n", 1500,
		 IS "; throttle bytes: within its limit where the session is new\nqueued web by "
		    "rule 1, mark 0x04000000"},
		{"  - {if: dport == 80, throttle: bytes, class: web}\n", 1501,
		 IS "; throttle bytes: longer than its burst, so over the limit\ndrop drop by "
		    "rule 1, mark 0x00000000"},
		{"  - {if: dport == 80, throttle: bytes, over: reject}\n", 1600,
		 IS "; throttle bytes: longer than its burst, so over the limit\nreject reject "
		    "by rule 1, mark 0x00000000"},
		{"  - {if: dport == 80, throttle: bytes, over: class slow}\n", 1600,
		 IS "; throttle bytes: longer than its burst, so over the limit\nqueued slow by "
		    "rule 1, mark 0x05000000"},
		/* one throttle in two rules */
		{"  - {if: dport == 80, throttle: one}\n"
		 "  - {if: dport == 80, throttle: one, class: web}\n",
		 1400,
		 IS "; throttle one: within its limit where the session is new, the search goes "
		    "on\n" IS "; throttle one: charged by a rule before, so over the limit\n"
		    "drop drop by rule 2, mark 0x00000000"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = explained(cases[i].rules, cases[i].length);
		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_agree),
		cmocka_unit_test(test_both_differ),
		cmocka_unit_test(test_throttles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
