/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What check warns of. A case is the conditions of a list of rules, each on its line, and the
 * warnings; most cases are those that must not be warned of.
 */
#include "lint_fixture.h"

static void test_conditions(void **state)
{
	static const struct lint_case cases[] = {
		{"dport == 80 and dport == 81", FALSE},
		{"rport < 0", FALSE},
		{"dport in [80] and dport not in [80]", FALSE},
		{"dport == 80 and not dport", FALSE},
		{"dport in 1-9 and (sport == 5 or sport == 6) and dport > 9", FALSE},
		{"dport in @web and dport not in @web", FALSE},
		{"dport in @web and dport in @odd", FALSE},
		{"dport in @web and dport not in @more", FALSE},
		{"not (dport != 80 or dport == 80) and dport", FALSE},
		{"dir == in and dir == out", FALSE},
		{"dir != in and dir != out and dir != forward", FALSE},
		{"saddr in 10.0.0.0/8 and saddr in fd00::/8", FALSE},
		{"saddr in 10.0.0.0/8 and saddr not in @lan", FALSE},
		{"saddr in ffff::/16 and saddr in [::-ffee:ffff::]", FALSE},
		{"iif == eth0 and iif == eth1", FALSE},
		{"iif == eth0 and iif like 'wan*'", FALSE},
		{"iif in [eth0, eth1] and iif =~ '^wan'", FALSE},
		{"iif like 'a*' and not iif like 'a*'", FALSE},
		{"cc == NZ and cc != NZ", FALSE},
		{"country == 'New Zealand' and country in [Australia, France]", FALSE},
		{"proto == tcp and proto == udp", FALSE},
		{"time in 08:00-09:00 and time in 10:00-11:00", FALSE},
		{"weekday in [sat, sun] and weekday == mon", FALSE},
		{"not proto", FALSE},
		{"proto in 0-255", TRUE},
		{"length >= 0", TRUE},
		{"not dport == 5 or dport", TRUE},
		{"dport or not dport", TRUE},
		{"dir == in or dir != in", TRUE},
		{"not (saddr == 10.0.0.1 and saddr == 10.0.0.2)", TRUE},
		{"saddr in [0.0.0.0/0, ::/0]", TRUE},
		/* A port, an interface, a country, the time may be unknown. */
		{"dport in 0-65535", ""},
		{"dport == 5 or dport != 5", ""},
		{"iif == eth0 or iif != eth0", ""},
		{"not dport", ""},
		{"not cc and not dport", ""},
		{"not cc == NZ and not cc != NZ", ""},
		{"time in 00:00-23:59", ""},
		{"saddr in 0.0.0.0/0", ""},
		{"saddr in ::/0", ""},
		{"dport == 80 or dport == 81", ""},
		{"dport == 80 and sport == 81", ""},
		{"dport != 80 and dport != 81", ""},
		{"dport in 80-90 and dport in 90-100", ""},
		{"dport > 65534", ""},
		{"saddr in 10.0.0.0/8 and saddr != 10.0.0.0", ""},
		{"saddr not in 10.0.0.0/8 and saddr in @lan", ""},
		{"saddr not in [::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe] and saddr in ::/0", ""},
		{"iif != eth0 and iif != eth1", ""},
		{"iif like 'a*' and iif like '*b'", ""},
		{"iif like 'a*' and not iif like 'b*'", ""},
		{"iif == ab and iif like 'a*' and iif =~ b", ""},
		{"cc == NZ and cc like 'A*'", ""},
		{"icmp-type == echo-request or icmp-type == 3", ""},
		{"time in 22:00-06:00 and time in 05:00-07:00", ""},
		{"mark == 4294967295", ""},
	};
	(void)state;
	check_cases(cases, COUNT(cases));
}

static void test_cover(void **state)
{
	static const struct lint_case cases[] = {
		{"dport == 80\ndport == 80", SECOND},
		{"iif =~ 'a+'\niif =~ 'a+'", SECOND},
		{"dport in 1-100\ndport == 80 and proto == tcp", SECOND},
		{"dport in [80, 443]\ndport == 443 or dport == 80", SECOND},
		{"dport == 80 or dport == 443\ndport in [80, 443] and saddr in 10.0.0.0/8", SECOND},
		{"saddr in 10.0.0.0/8\nsaddr in 10.1.0.0/16 and dport == 7", SECOND},
		{"saddr in @lan\nsaddr in [10.1.0.0/16, fd12::/16]", SECOND},
		{"rport in @more\nrport in @web", SECOND},
		{"not dport == 80\ndport == 81", SECOND},
		{"not dport == 80\nnot dport", SECOND},
		{"cc\ncc == NZ", SECOND},
		{"cc != NZ\ncc == AU", SECOND},
		{"iif != eth0\niif == eth1", SECOND},
		{"iif like 'eth*'\niif in [eth0, eth1]", SECOND},
		{"iif like 'eth*'\niif like 'eth*' and dport == 1", SECOND},
		{"dport == 80 or sport == 80\nsport == 80 and dport == 81", SECOND},
		{"dport == 1\nsport == 1\nsport == 1 and dport == 2",
		 "11:3: rule `rule 3` " BY("2", "8")},
		{"dport == 1\ndport == 2\ndport == 1 or dport == 2 and sport == 3 or proto == "
		 "udp and dport == 3",
		 ""},
		{"dport == 1\nsport == 2\ndport == 1 and proto == udp or sport == 2",
		 "11:3: rule `rule 3` is never reached: `rule 1` (line 5) and `rule 2` (line 8) "
		 "match "
		 "all that it could match\n"},
		{"dport == 1\nsport == 2\nproto == udp\ndport == 1 or sport == 2 or proto == udp",
		 "14:3: rule `rule 4` is never reached: `rule 1` (line 5), `rule 2` (line 8) and "
		 "others match all that it could match\n"},
		/* Behind a rule that matches everything nothing else is said. */
		{"proto in 0-255\ndport == 80\ndport == 80",
		 "6:5: rule `rule 1` matches every packet: this is always true, and no rule behind "
		 "it is reached\n"},
		/* One that never matches covers nothing. */
		{"dport == 1 and dport == 2\ndport == 1 and sport == 1", FALSE},
		{"dport == 80\ndport in [80, 81]", ""},
		{"dport == 80\nsport == 80", ""},
		{"dport == 80 and proto == tcp\ndport == 80", ""},
		{"dport != 80\nnot dport == 80", ""},
		{"dport != 80\nnot dport", ""},
		{"saddr in 10.1.0.0/16\nsaddr in 10.0.0.0/8", ""},
		{"saddr in 0.0.0.0/0\nsaddr in ::/0", ""},
		{"saddr in 0.0.0.0/0\nsaddr in ::ffff:10.0.0.0/104", ""},
		{"rport in @web\nrport in @more", ""},
		{"rport in @web\nlport in @web", ""},
		{"iif like 'eth*'\niif like 'eth1*'", ""},
		{"iif like 'eth*'\niif != eth0", ""},
		{"iif == eth0\niif in [eth0, eth1]", ""},
		{"cc == NZ\ncountry == 'New Zealand'", ""},
		{"dport < 100\ndport in 50-150", ""},
		{"dport == 80 or sport == 80\ndport == 80 or sport == 81", ""},
		{"time in 08:00-12:00\ntime in 08:00-13:00", ""},
	};
	(void)state;
	check_cases(cases, COUNT(cases));
}

#define HIDDEN                                                                                     \
	"5:3: rule `rule 1` is never reached: all that it could match is exempt by "               \
	"`management:`\n"

#define PARTLY_HIDDEN(direction, proto)                                                            \
	"5:3: rule `rule 1` matches nothing of what " direction " this host by " proto             \
	": `management:` exempts it, and only the rest can match\n"

static void test_management(void **state)
{
	static const struct lint_case cases[] = {
		{"dir == in and proto == tcp and dport == 22", HIDDEN},
		{"dir == in and proto == tcp and lport == 22", HIDDEN},
		{"dir == out and proto == tcp and lport in [22, 443]", HIDDEN},
		{"dir == out and proto == udp and sport == 161", HIDDEN},
		{"dir != forward and proto == tcp and lport == 22", HIDDEN},
		{"dir == in and proto == tcp and dport == 8443 and saddr in 192.168.1.0/28",
		 HIDDEN},
		{"dir == in and proto == tcp and lport == 8443 and raddr == 192.168.1.9", HIDDEN},
		{"dir == in and (dport == 22 and proto == tcp or proto == udp and dport == 161)",
		 HIDDEN},
		/* Forwarded traffic is not exempt, and neither are clients of such ports. */
		{"proto == tcp and dport == 22", PARTLY_HIDDEN("comes in to", "tcp")},
		{"proto == tcp and lport == 22", PARTLY_HIDDEN("comes in to", "tcp")},
		{"dir == in and dport == 22", PARTLY_HIDDEN("comes in to", "tcp")},
		{"dport == 22 or proto == udp", PARTLY_HIDDEN("comes in to", "tcp")},
		{"dport == 161 and length < 100", PARTLY_HIDDEN("comes in to", "udp")},
		{"sport in [22, 443]", PARTLY_HIDDEN("goes out from", "tcp")},
		{"dir == forward and dport == 22", ""},
		{"dport in [22, 23]", ""},
		{"dport == 22 or raddr == 192.0.2.1", ""},
		{"proto == tcp and (lport == 22 or rport == 22)", ""},
		{"proto == tcp", ""},
		{"dir == in and proto == udp and dport == 22", ""},
		{"dir == out and proto == tcp and dport == 22", ""},
		{"dir == in and proto == tcp and sport == 22", ""},
		{"dir == in and proto == tcp and dport in [22, 23]", ""},
		{"dir == in and proto == tcp and dport == 8443", ""},
		{"dir == in and proto == tcp and dport == 8443 and saddr in 192.168.0.0/16", ""},
	};
	(void)state;
	check_cases(cases, COUNT(cases));
}

static void test_classes(void **state)
{
	char *warnings =
		warnings_of("version: 1\n"
			    "classes:\n"
			    "  web: {out: 1mbit}\n"
			    "  default: {out: 2mbit}\n"
			    "  idle: {out: 1mbit}\n"
			    "rules:\n"
			    "- {if: dport == 80, class: web}\n"
			    "- {name: no, if: dport == 80 and sport == 1, action: accept}\n");
	(void)state;
	assert_string_equal(warnings, "8:3: rule `no` is never reached: `rule 1` (line 7) matches "
				      "all that it could match\n"
				      "5:3: no rule uses class `idle`\n");
	free(warnings);
	warnings = warnings_of("version: 1\n");
	assert_string_equal(warnings, "");
	free(warnings);
}

static char *many_rules(size_t count, const char *format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	fputs(HEAD "rules:\n", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out,
			"- {if: '%s and dport == %zu and sport == %zu and dir == forward', action: "
			"drop}\n",
			format, i % 60000, i / 60000);
	fputs("- {if: 'dport == 60001', action: drop}\n- {if: 'dport == 60001', action: drop}\n",
	      out);
	fclose(out);
	return text;
}

static uint64_t work_of(const char *text)
{
	struct ids none = {0};
	struct diags diags;
	struct snapshot *snapshot = fixture_snapshot(text, &none);
	diags_init(&diags);
	uint64_t work = lint(snapshot->config, snapshot->ruleset, &diags);
	diags_fini(&diags);
	snapshot_free(snapshot);
	return work;
}

/* The work is limited, whatever the number of rules; what is equal is found. */
static void test_many(void **state)
{
	char *few = many_rules(200, "saddr in @lan and not rport in @web");
	char *many = many_rules(20000, "saddr in @lan and not rport in @web");
	(void)state;
	char *warnings = warnings_of(many);
	assert_string_equal(warnings, "20006:3: rule `rule 20002` is never reached: `rule 20001` "
				      "(line 20005) matches all that it could match\n");
	assert_in_range(work_of(few), 200, LINT_WORK_MAX / 2);
	assert_in_range(work_of(many), LINT_WORK_MAX / 2, 2 * LINT_WORK_MAX);
	free(few);
	free(many);
	free(warnings);
}

/* An `and` of many `or`s is not multiplied out. */
static void test_large_conditions(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < 200; i++)
			fprintf(out, "%s(dport == %u or sport == %u or length == %u)",
				i ? " and " : "", i, i, i);
		fputs(k ? "" : "\n", out);
	}
	fclose(out);
	struct lint_case one = {text, SECOND};
	check_cases(&one, 1);
	free(text);
}

static void test_many_warnings(void **state)
{
	char *text = NULL;
	size_t size, lines = 0;
	FILE *out = open_memstream(&text, &size);
	(void)state;
	fputs(HEAD "rules:\n", out);
	for (unsigned i = 0; i < 300; i++)
		fputs("- {if: dport == 1, action: drop}\n", out);
	fclose(out);
	char *warnings = warnings_of(text);
	for (const char *at = warnings; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, LINT_WARNINGS_MAX + 1);
	assert_non_null(strstr(warnings, "0:0: warnings about more rules are not shown\n"));
	free(warnings);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),    cmocka_unit_test(test_cover),
		cmocka_unit_test(test_management),    cmocka_unit_test(test_classes),
		cmocka_unit_test(test_many),          cmocka_unit_test(test_large_conditions),
		cmocka_unit_test(test_many_warnings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
