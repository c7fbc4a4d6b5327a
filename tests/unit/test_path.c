/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of a connection through rules with throttles, and what becomes of each packet. What
 * packets of whole connections meet is in tests/scenario/rules; here are the single steps.
 */
#include "path_fixture.h"

static void a_path_ends_at_what_settles(void **state)
{
	static const char rules[] = HEAD "throttles: {t: " PACKETS ", u: " CONNECTIONS "}\n"
					 "rules:\n"
					 "  - {if: proto == udp, throttle: t}\n"
					 "  - {if: dport in 1-9, throttle: t}\n"
					 "  - {if: dport in 1-8, throttle: u, over: reject}\n"
					 "  - {if: dport in 1-7, class: web}\n"
					 "  - {if: dport in 1-6, throttle: t}\n"
					 "  - {if: dport == 8, throttle: u, class: slow}\n"
					 "  - {if: dport == 10, action: drop}\n";
	static const struct {
		uint16_t dport;
		unsigned count;
		uint32_t steps[3];
		int rule;
		bool queued;
	} cases[] = {
		{7, 2, {1, 2}, 3, true}, {8, 3, {1, 2, 5}, 5, true}, {9, 1, {1}, -1, true},
		{10, 0, {0}, 6, false},  {11, 0, {0}, -1, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world world;
		begin(&world, rules, cases[i].dport);
		assert_int_equal(world.path.count, cases[i].count);
		assert_memory_equal(world.steps, cases[i].steps,
				    cases[i].count * sizeof(world.steps[0]));
		assert_int_equal(world.path.rule, cases[i].rule);
		assert_int_equal(path_is_queued(world.snapshot, &world.path), cases[i].queued);
		end(&world);
	}
}

static void a_throttle_alone_goes_on(void **state)
{
	struct world world;
	(void)state;
	begin(&world, HEAD "throttles: {t: " PACKETS "}\nrules: [{if: dport == 80, throttle: t}]\n",
	      80);
	expect_stored(&world, OUTCOME_QUEUED, "default", -1);
	expect_figures(&world, 0, 1, 0);
	world.charge.is_first = world.charge.is_new = false;
	expect_refused(&world, DECISION_DROP, 0);
	expect_figures(&world, 0, 2, 1);
	end(&world);
}

static void over_can_be_each_of_three(void **state)
{
	static const struct {
		const char *over;
		enum decision_kind kind;
	} cases[] = {{"drop", DECISION_DROP},
		     {"reject", DECISION_REJECT},
		     {"class slow", DECISION_STORE}};
	static const char *const throttles[] = {PACKETS, CONNECTIONS};
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct world world;
		char text[1024];
		bool packets = i % 2 == 0;
		snprintf(text, sizeof(text),
			 HEAD "throttles: {t: %s}\n"
			      "rules: [{if: dport == 80, throttle: t, class: web, over: %s}]\n",
			 throttles[i % 2], cases[i / 2].over);
		begin(&world, text, 80);
		expect_stored(&world, packets ? OUTCOME_QUEUED : OUTCOME_CLASS, "web", 0);
		if (cases[i / 2].kind == DECISION_STORE)
			expect_stored(&world, packets ? OUTCOME_QUEUED : OUTCOME_CLASS, "slow", 0);
		else
			expect_refused(&world, cases[i / 2].kind, 0);
		expect_figures(&world, 0, 2, 1);
		end(&world);
	}
}

/* For packets the class of `over` is this packet's; for connections the path ends there. */
static void over_class_for_life(void **state)
{
	static const char text[] =
		HEAD "throttles: {p: {limit: 9/60, session: none}, t: " CONNECTIONS "}\n"
		     "rules:\n"
		     "  - {if: dport == 80, throttle: p}\n"
		     "  - {if: dport == 80, throttle: t, over: class slow}\n"
		     "  - {if: dport == 80, throttle: p, class: web}\n";
	struct world world;
	(void)state;
	begin(&world, text, 80);
	expect_stored(&world, OUTCOME_QUEUED, "web", 2);
	assert_int_equal(world.path.count, 3);
	expect_stored(&world, OUTCOME_QUEUED, "slow", 1);
	assert_int_equal(world.path.count, 1);
	assert_int_equal(world.path.rule, 1);
	/* Its later packets are charged to what comes before, and nothing else. */
	world.charge.is_first = world.charge.is_new = false;
	expect_stored(&world, OUTCOME_QUEUED, "slow", 1);
	expect_figures(&world, 0, 3, 0);
	expect_figures(&world, 1, 2, 1);
	expect_figures(&world, 2, 1, 0);
	end(&world);
}

static void charged_until_one_is_over(void **state)
{
	static const char text[] = HEAD "throttles:\n"
					"  a: {limit: 3/60, session: none}\n"
					"  b: {limit: 1/60, session: none}\n"
					"  c: {limit: 3/60, session: none}\n"
					"rules:\n"
					"  - {if: dport == 80, throttle: a}\n"
					"  - {if: dport == 80, throttle: b, over: reject}\n"
					"  - {if: dport == 80, throttle: c, class: web}\n";
	struct world world;
	(void)state;
	begin(&world, text, 80);
	expect_stored(&world, OUTCOME_QUEUED, "web", 2);
	expect_refused(&world, DECISION_REJECT, 1);
	expect_refused(&world, DECISION_REJECT, 1);
	expect_refused(&world, DECISION_DROP, 0);
	expect_figures(&world, 0, 4, 1);
	expect_figures(&world, 1, 3, 2);
	expect_figures(&world, 2, 1, 0);
	end(&world);
}

/* Packets are charged where they match, the first one always; connections where they are new. */
static void who_is_charged(void **state)
{
	static const struct {
		const char *throttle;
		bool is_first, is_new, matches, charged;
	} cases[] = {
		{PACKETS, true, true, true, true},        {PACKETS, true, false, true, true},
		{PACKETS, false, false, true, true},      {PACKETS, false, false, false, false},
		{CONNECTIONS, true, true, true, true},    {CONNECTIONS, true, false, true, false},
		{CONNECTIONS, false, false, true, false}, {CONNECTIONS, false, false, false, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct throttle_figures figures;
		struct world world;
		char text[1024];
		snprintf(text, sizeof(text),
			 HEAD "throttles: {t: %s}\nrules: [{if: dport == 80, throttle: t}]\n",
			 cases[i].throttle);
		begin(&world, text, 80);
		world.charge.is_first = cases[i].is_first;
		world.charge.is_new = cases[i].is_new;
		world.packet.dport = cases[i].matches ? 80 : 81;
		path_charge(world.snapshot, &world.path, &world.charge);
		throttle_figures(world.snapshot->throttles[0], &figures);
		assert_int_equal(figures.passed, cases[i].charged);
		/* A connection's first packet is a hit of its rules, charged or not. */
		expect_figures(&world, 0, cases[i].charged || cases[i].is_first, 0);
		end(&world);
	}
}

static void segments_and_bytes(void **state)
{
	struct world world;
	(void)state;
	begin(&world,
	      HEAD "throttles: {w: {limit: 10/60, session: none},\n"
		   "  c: {limit: 2/60, session: none, count: connections},\n"
		   "  b: {rate: 8kbit, burst: 2000B, session: none}}\n"
		   "rules: [{if: dport == 80, throttle: w}, {if: dport == 80, throttle: c},\n"
		   "  {if: dport == 80, throttle: b}]\n",
	      80);
	world.charge.packets = 9;
	world.charge.bytes = 1900;
	expect_stored(&world, OUTCOME_QUEUED, "default", -1);
	world.charge.packets = 1;
	world.charge.bytes = 101;
	expect_refused(&world, DECISION_DROP, 2);
	world.charge.is_new = false;
	expect_refused(&world, DECISION_DROP, 0);
	end(&world);
}

static void figures_are_not_needed(void **state)
{
	struct world world;
	(void)state;
	begin(&world, HEAD "throttles: {t: " PACKETS "}\nrules: [{if: dport == 80, throttle: t}]\n",
	      80);
	world.charge.figures = NULL;
	expect_stored(&world, OUTCOME_QUEUED, "default", -1);
	expect_refused(&world, DECISION_DROP, 0);
	end(&world);
}

static enum decision_kind call(struct world *world, uint32_t id, bool is_new)
{
	world->charge.is_new = is_new;
	return path_charge_call(world->snapshot, id, NULL, &world->charge).kind;
}

static void calls(void **state)
{
	struct world world;
	(void)state;
	begin(&world,
	      HEAD "throttles: {t: " PACKETS ",\n"
		   "  u: {limit: 1/60, session: none, count: connections, over: reject}}\n",
	      80);
	uint32_t packets = id(&world, OUTCOME_CALL, "t");
	uint32_t connections = id(&world, OUTCOME_CALL, "u");
	assert_int_equal(call(&world, packets, false), DECISION_PASS);
	assert_int_equal(call(&world, packets, true), DECISION_DROP);
	assert_int_equal(call(&world, packets, false), DECISION_DROP);
	assert_int_equal(call(&world, connections, false), DECISION_PASS);
	assert_int_equal(call(&world, connections, true), DECISION_PASS);
	assert_int_equal(call(&world, connections, false), DECISION_PASS);
	assert_int_equal(call(&world, connections, true), DECISION_REJECT);
	/* What calls nothing: a class's id, none at all, one beyond all. */
	assert_int_equal(call(&world, id(&world, OUTCOME_CLASS, "web"), true), DECISION_PASS);
	assert_int_equal(call(&world, 0, true), DECISION_PASS);
	assert_int_equal(call(&world, 0xffff, true), DECISION_PASS);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_ends_at_what_settles),
		cmocka_unit_test(a_throttle_alone_goes_on),
		cmocka_unit_test(over_can_be_each_of_three),
		cmocka_unit_test(over_class_for_life),
		cmocka_unit_test(charged_until_one_is_over),
		cmocka_unit_test(who_is_charged),
		cmocka_unit_test(segments_and_bytes),
		cmocka_unit_test(figures_are_not_needed),
		cmocka_unit_test(calls),
	};
	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
