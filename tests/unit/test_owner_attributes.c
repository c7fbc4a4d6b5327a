/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be asked of the owner of a connection, and what is looked up for it. */
#include "rules_fixture.h"

#include "rules/attribute.h"
#include "rules/ruleset.h"

static const char *const java_args[] = {"-jar", "net.x.Router", "", "-v"};

/* fred's router, in Java, started by systemd. */
static const struct owner java = {
	.level = OWNER_PROCESS,
	.has_uid = true,
	.has_gid = true,
	.has_pid = true,
	.uid = 1000,
	.gid = 100,
	.pid = 4711,
	.user = "fred",
	.group = "users",
	.cgroup = "/system.slice/router.service",
	.unit = "router.service",
	.cmd = "/usr/bin/java",
	.args = java_args,
	.n_args = COUNT(java_args),
	.exe = "/usr/lib/jvm/bin/java",
};

static void test_known(void **state)
{
	static const struct expectation cases[] = {
		{"user == fred", true},
		{"user != fred", false},
		{"user in [joe, fred]", true},
		{"user not in [joe, ann]", true},
		{"user like 'fr*'", true},
		{"user =~ '^f.{3}$'", true},
		{"'re' in user", true},
		{"user == 1000", true},
		{"user != '1000'", false},
		{"user in [7, 900-1100]", true},
		{"user not in [7, 9]", true},
		{"uid == 1000 and uid < 1001 and uid in 1000-1999", true},
		{"uid > 1000 or uid not in [1000]", false},
		{"group == users and group != 101 and gid == 100", true},
		{"group in [100]", true},
		{"pid == 4711 and pid >= 4711", true},
		{"pid != 4711", false},
		{"cmd == /usr/bin/java", true},
		{"cmd like '*/java' and cmd =~ java$", true},
		{"'bin/ja' in cmd and 'perl' not in cmd", true},
		{"exe like '/usr/lib/jvm/*'", true},
		{"cgroup == /system.slice/router.service", true},
		{"cgroup like /system.slice/*", true},
		{"unit == router.service and unit in [ssh.service, router.service]", true},
		{"user and uid and group and gid and pid and cmd and args and exe", true},
		{"cgroup and unit", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.facts.owner = &java;
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

/* A test holds if it does for some text of the list; `!=` and `not in`, if none is equal. */
static void test_args(void **state)
{
	static const struct expectation cases[] = {
		{"args == -jar", true},
		{"args == jar", false},
		{"'net.x.Router' in args", true},
		{"'Router' in args", false},
		{"'Router' not in args", true},
		{"'-jar' not in args", false},
		{"args != -jar", false},
		{"args != perl", true},
		{"args in [perl, -v]", true},
		{"args not in [perl, python]", true},
		{"args not in [perl, -v]", false},
		{"args == ''", true},
		{"args like 'net.*'", true},
		{"args like '*Rout'", false},
		{"args =~ Router", true},
		{"not args =~ Router", false},
		{"args == -jar and args == -v", true},
		{"args[0] == '-jar'", true},
		{"args[0] != '-jar'", false},
		{"args[1] == '-jar'", false},
		{"args [1] like net.*", true},
		{"'Router' in args[1]", true},
		{"'Router' not in args[0]", true},
		{"args[-1] == -v and args[-4] == -jar", true},
		{"args[2] == ''", true},
		{"args[2]", true},
		{"args[3] in [-v, -q]", true},
		{"args[4] == -v or args[4] != -v or args[4] or args[-5]", false},
		{"not args[4] == -v and not args[-5]", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.facts.owner = &java;
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

/* A command without arguments has a list, and nothing is in it. */
static void test_empty_args(void **state)
{
	static const struct expectation cases[] = {
		{"args", false},     {"not args", true},        {"args == ''", false},
		{"args != x", true}, {"args not in [x]", true}, {"args like '*'", false},
		{"args[0]", false},  {"args[-1] != x", false},  {"cmd == nc", true},
	};
	static const struct owner owner = {.level = OWNER_PROCESS, .cmd = "nc"};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.facts.owner = &owner;
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

/* What is not known makes every test false, and the tests' `not` true. */
static void test_unknown(void **state)
{
	static const char *const tests[] = {
		"user == fred", "user != fred",    "user like '*'",  "uid >= 0",   "uid != 1",
		"group",        "gid not in [1]",  "cgroup != /x",   "unit =~ ''", "pid < 9",
		"cmd != x",     "exe not in [/x]", "args != x",      "args",       "args[0] != x",
		"user != 5",    "group == 5",      "'x' not in args"};
	static const struct owner nobody = {.level = OWNER_PROCESS};
	static const struct owner early = {
		.level = OWNER_NOTHING, .has_uid = true, .uid = 1, .user = "fred", .cmd = "nc"};
	const struct owner *const owners[] = {NULL, &nobody, &early};
	struct sample sample;
	char text[64];
	(void)state;
	sample_out(&sample);
	for (size_t k = 0; k < COUNT(owners); k++) {
		sample.facts.owner = owners[k];
		for (size_t i = 0; i < COUNT(tests); i++) {
			assert_false(expression_holds(tests[i], &sample.facts));
			snprintf(text, sizeof(text), "not %s", tests[i]);
			assert_true(expression_holds(text, &sample.facts));
		}
	}
}

/* The kernel tells the user of what goes out; whoever looked the owner up knows better. */
static void test_uid_of_the_packet(void **state)
{
	static const struct owner nobody = {.level = OWNER_USER};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.facts.has_uid = true;
	sample.facts.uid = 1000;
	assert_true(expression_holds("uid == 1000 and user == 1000 and not user", &sample.facts));
	sample.facts.owner = &nobody;
	assert_false(expression_holds("uid == 1000", &sample.facts));
}

static void test_listing(void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{"user == fred and class == p2p", true},
		{"class in [web, p2p] and rule like 'fred*'", true},
		{"class != p2p", false},
		{"rule", true},
		{"class == web or rule == visitors", false},
		{"'peer' in rule", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.facts.owner = &java;
	for (unsigned known = 0; known < 2; known++) {
		sample.facts.class = known ? "p2p" : NULL;
		sample.facts.rule = known ? "fred's peer-to-peer" : NULL;
		for (size_t i = 0; i < COUNT(cases); i++) {
			struct fault fault = {0};
			struct evaluation evaluation = evaluation_of(&sample.facts);
			struct condition *condition =
				condition_new_for_listing(cases[i].text, NULL, &fault);
			assert_non_null(condition);
			assert_int_equal(condition_holds(condition, &evaluation),
					 known && cases[i].holds);
			condition_free(condition);
		}
	}
}

static struct ruleset *compile(const char *const *texts, size_t count)
{
	struct config_rule rules[8] = {0};
	struct config config = {.rules = rules, .n_rules = count};
	struct diags diags;
	diags_init(&diags);
	for (size_t i = 0; i < count; i++) {
		rules[i].name = (char *)(uintptr_t) "rule";
		rules[i].condition.text = (char *)(uintptr_t)texts[i];
	}
	struct ruleset *ruleset = ruleset_compile(&config, &diags);
	if (!ruleset)
		diags_print(&diags, stderr);
	assert_non_null(ruleset);
	diags_fini(&diags);
	return ruleset;
}

/* The rules, and what is asked for by a packet of sample_out() whose owner is known so far. */
struct question {
	const char *rules[4];
	enum owner_level known;
	enum owner_level wants;
	int rule; /* where nothing is wanted */
};

#define NONE OWNER_NOTHING

static void test_what_is_asked_for(void **state)
{
	static const struct question cases[] = {
		{{"dport == 443"}, NONE, NONE, 0},
		{{"user == fred"}, NONE, OWNER_USER, 0},
		{{"unit == x.service"}, NONE, OWNER_SOCKET, 0},
		{{"'x' in args"}, NONE, OWNER_PROCESS, 0},
		/* The cheapest first, and no more where it decides. */
		{{"user == fred and cmd like '*java'"}, NONE, OWNER_USER, 0},
		{{"user == fred and cmd like '*java'"}, OWNER_USER, OWNER_PROCESS, 0},
		{{"user == joe and cmd like '*java'"}, OWNER_USER, NONE, -1},
		{{"user != fred or unit == x.service or pid < 5"}, OWNER_USER, OWNER_SOCKET, 0},
		{{"user != joe or unit == x.service or pid < 5"}, OWNER_USER, NONE, 0},
		/* What the packet itself decides is not asked for. */
		{{"user == fred and dport == 80", "dport == 443"}, NONE, NONE, 1},
		{{"cmd like 'j*' and oif like 'lan*'", "dport == 443"}, NONE, NONE, 1},
		{{"dport == 443", "user == fred"}, NONE, NONE, 0},
		{{"user == fred or dport == 443"}, NONE, NONE, 0},
		{{"dport == 80 or not (user == fred and dport == 80)"}, NONE, NONE, 0},
		{{"cc == AU and user == fred", "dport == 443"}, NONE, NONE, 1},
		{{"cc == NZ and user == fred", "dport == 443"}, NONE, OWNER_USER, 0},
		/* Another rule ahead is in doubt, or what is ahead of it holds. */
		{{"cmd == x", "user == fred"}, NONE, OWNER_PROCESS, 0},
		{{"user == fred", "cmd == x"}, NONE, OWNER_USER, 0},
		{{"user == joe", "cmd == x"}, OWNER_USER, OWNER_PROCESS, 0},
		{{"user == fred", "cmd == x"}, OWNER_USER, NONE, 0},
		/* A part that does not matter is not asked for, though it is cheaper. */
		{{"(user == fred or dport == 443) and cmd == x"}, NONE, OWNER_PROCESS, 0},
		{{"(user == fred and dport == 80) or cmd == x"}, NONE, OWNER_PROCESS, 0},
		{{"not (user == fred or cmd == x)"}, NONE, OWNER_USER, 0},
		{{"user"}, OWNER_PROCESS, NONE, 0},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum owner_level wants;
		struct owner owner = java;
		size_t count = 0;
		while (count < COUNT(cases[i].rules) && cases[i].rules[count])
			count++;
		struct ruleset *ruleset = compile(cases[i].rules, count);
		owner.level = cases[i].known;
		sample.facts.owner = owner.level ? &owner : NULL;
		int rule = ruleset_match_asking(ruleset, &sample.facts, 0, &wants);
		if (wants != cases[i].wants || (!wants && rule != cases[i].rule))
			fail_msg("%s: wants %d, rule %d", cases[i].rules[0], wants, rule);
		ruleset_free(ruleset);
	}
}

/* Forwarded packets have no owner: nothing is to be looked up. The packet's uid is a user, too. */
static void test_nothing_to_look_up(void **state)
{
	static const char *const rules[] = {"user == fred", "uid == 1000", "not cmd"};
	struct ruleset *ruleset = compile(rules, COUNT(rules));
	struct ruleset *by_uid = compile(rules + 1, 1);
	enum owner_level wants;
	struct sample sample;
	(void)state;
	assert_int_equal(ruleset_owner_level(ruleset), OWNER_PROCESS);
	assert_int_equal(ruleset_owner_level(by_uid), OWNER_USER);
	sample_gre(&sample);
	assert_int_equal(ruleset_match_asking(ruleset, &sample.facts, 0, &wants), 2);
	assert_int_equal(wants, OWNER_NOTHING);
	sample_out(&sample);
	sample.facts.has_uid = true;
	sample.facts.uid = 1000;
	assert_int_equal(ruleset_match_asking(by_uid, &sample.facts, 0, &wants), 0);
	assert_int_equal(wants, OWNER_NOTHING);
	sample.facts.has_uid = false;
	ruleset_match_asking(by_uid, &sample.facts, 0, &wants);
	assert_int_equal(wants, OWNER_USER);
	ruleset_free(by_uid);
	ruleset_free(ruleset);
}

static void test_reasons(void **state)
{
	static const struct {
		const char *rule;
		const char *local;
		const char *forwarded;
	} cases[] = {
		{"user == fred", "user == fred: user is fred",
		 "user == fred is false: user is not known: forwarded traffic has no owner"},
		{"user != 7", "user != 7: uid is 1000",
		 "user != 7 is false: uid is not known: forwarded traffic has no owner"},
		{"args", "args is [-jar, net.x.Router, , -v], so it is known",
		 "args is not known: forwarded traffic has no owner"},
		{"args[1] == x", "args[1] == x is false: args[1] is net.x.Router",
		 "args[1] == x is false: args[1] is not known: forwarded traffic has no owner"},
		{"args[-5] == x", "args[-5] == x is false: args[-5] is not known: args has 4",
		 "args[-5] == x is false: args[-5] is not known: forwarded traffic has no owner"},
	};
	struct sample sample;
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ruleset *ruleset = compile(&cases[i].rule, 1);
		sample_out(&sample);
		sample.facts.owner = &java;
		char *local = ruleset_explain(ruleset, 0, &sample.facts);
		sample_gre(&sample);
		char *forwarded = ruleset_explain(ruleset, 0, &sample.facts);
		assert_string_equal(local, cases[i].local);
		assert_string_equal(forwarded, cases[i].forwarded);
		free(local);
		free(forwarded);
		ruleset_free(ruleset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_empty_args),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_uid_of_the_packet),
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_what_is_asked_for),
		cmocka_unit_test(test_nothing_to_look_up),
		cmocka_unit_test(test_reasons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
