/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What expressions mean: precedence, operators, values, and what is not known. */
#include "rules_fixture.h"

/* The tree with all its parentheses, the tests by their attribute. */
static void print_tree(const struct condition *condition, FILE *out)
{
	static const char *const names[] = {
		[EXPR_AND] = "and", [EXPR_OR] = "or", [EXPR_NOT] = "not"};
	if (condition->kind == EXPR_TEST) {
		fprintf(out, "%s", condition->predicate.source);
		return;
	}
	fprintf(out, "(%s", names[condition->kind]);
	for (size_t i = 0; i < condition->n_children; i++) {
		fputc(' ', out);
		print_tree(&condition->children[i], out);
	}
	fputc(')', out);
}

static void assert_tree(const char *text, const char *expected)
{
	char *tree;
	size_t size;
	struct condition *condition = expression(text);
	FILE *out = open_memstream(&tree, &size);
	print_tree(condition, out);
	fclose(out);
	assert_string_equal(tree, expected);
	free(tree);
	condition_free(condition);
}

static void test_precedence(void **state)
{
	(void)state;
	assert_tree("cc", "cc");
	assert_tree("cc and iif or oif", "(or (and cc iif) oif)");
	assert_tree("cc or iif and oif", "(or cc (and iif oif))");
	assert_tree("(cc or iif) and oif", "(and (or cc iif) oif)");
	assert_tree("not cc and iif", "(and (not cc) iif)");
	assert_tree("not (cc and iif)", "(not (and cc iif))");
	assert_tree("not not cc", "(not (not cc))");
	assert_tree("not dport == 80 or iif", "(or (not dport == 80) iif)");
	assert_tree("cc and iif and oif and cc", "(and cc iif oif cc)");
	assert_tree("((cc))and(iif)", "(and cc iif)");
	assert_tree("cc and(not(iif)or oif)", "(and cc (or (not iif) oif))");
}

static void test_sources(void **state)
{
	(void)state;
	assert_tree("dport  in [ 80,\n  443 ] and not raddr=='10.0.0.1'",
		    "(and dport in [ 80, 443 ] (not raddr=='10.0.0.1'))");
	assert_tree("80 == rport", "80 == rport");
	assert_tree("( dport not in [1] )", "dport not in [1]");
}

static void test_numbers(void **state)
{
	static const struct expectation cases[] = {
		{"dport == 443", true},
		{"dport == 80", false},
		{"dport != 80", true},
		{"dport != 443", false},
		{"443 == dport", true},
		{"80 != dport", true},
		{"dport == 0x1bb", true},
		{"dport == '443'", true},
		{"dport < 443", false},
		{"dport <= 443", true},
		{"dport > 443", false},
		{"dport >= 443", true},
		{"dport < 444", true},
		{"dport > 442", true},
		{"444 > dport", true},
		{"443 > dport", false},
		{"443 >= dport", true},
		{"442 < dport", true},
		{"443 <= dport", true},
		{"444 <= dport", false},
		{"dport < 0", false},
		{"dport >= 0", true},
		{"dport > 65535", false},
		{"dport <= 65535", true},
		{"dport in [80, 443]", true},
		{"dport in [80]", false},
		{"dport in 443", true},
		{"dport not in [80, 443]", false},
		{"dport not in [80, 81]", true},
		{"dport == [80, 443]", true},
		{"[80, 443] == dport", true},
		{"dport != [80, 443]", false},
		{"dport == 440-450", true},
		{"dport in 440-442", false},
		{"dport in [1-5, 443-443, 9]", true},
		{"dport != 440-450", false},
		{"dport != 1-2", true},
		{"dport not in 1-2", true},
		{"dport in [1-100, 50-500, 500-600]", true},
		{"rport == 443 and lport == 40000", true},
		{"length == 60 and length <= 60 and length in 40-60", true},
		{"length > 100000", false},
		{"dscp == ef", true},
		{"dscp == 46", true},
		{"dscp in [cs1, af41]", false},
		{"dscp >= 46", true},
		{"dscp in 40-47", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

static void test_addresses(void **state)
{
	static const struct expectation cases[] = {
		{"raddr == 66.35.250.208", true},
		{"raddr=='66.35.250.208'", true},
		{"raddr == \"66.35.250.208\"", true},
		{"raddr == 66.35.250.209", false},
		{"raddr != 66.35.250.209", true},
		{"raddr == 66.35.0.0/16", true},
		{"raddr in 66.35.0.0/16", true},
		{"raddr in 66.36.0.0/16", false},
		{"raddr != 66.35.0.0/16", false},
		{"raddr not in 66.36.0.0/16", true},
		{"66.35.0.0/16 == raddr", true},
		{"raddr in 0.0.0.0/0", true},
		{"raddr in ::/0", false},
		{"raddr not in ::/0", true},
		{"raddr == 66.35.250.200-66.35.250.208", true},
		{"raddr == 66.35.250.209-66.35.250.255", false},
		{"laddr in [10.0.0.0/8, 192.168.1.20-192.168.1.29, \"fd00::20\"]", true},
		{"laddr in [10.0.0.0/8, 192.168.1.21-192.168.1.29, fd00::20]", false},
		{"saddr == 192.168.1.20 and daddr == 66.35.250.208", true},
		{"raddr == ::ffff:66.35.250.208", false},
		{"raddr", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

static void test_ipv6(void **state)
{
	static const struct expectation cases[] = {
		{"raddr == 2001:db8:9::1", true},
		{"raddr == 2001:0db8:0009::0001", true},
		{"raddr in 2001:db8::/32", true},
		{"raddr in 2001:db8::/48", false},
		{"raddr in [2001:db8:8::/47]", true},
		{"raddr in [10.0.0.0/8, 2001:db8:9::-2001:db8:9::ff]", true},
		{"raddr in 2001:db8:9::2-2001:db8:9::ff", false},
		{"raddr != 0.0.0.0/0", true},
		{"raddr in [0.0.0.0/0]", false},
		{"laddr == 2001:db8:1::53 and lport == 53 and rport == 5353", true},
		{"raddr in [2001:db8:9::5-2001:db8:9::9, 2001:db8:9::-2001:db8:9::6]", true},
		{"raddr in [::/0]", true},
	};
	struct sample sample;
	(void)state;
	sample_in(&sample);
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

static void test_names(void **state)
{
	static const struct expectation cases[] = {
		{"proto == tcp", true},
		{"proto == 6", true},
		{"proto == 'tcp'", true},
		{"proto in [udp, tcp]", true},
		{"proto in 1-17", true},
		{"proto != udp", true},
		{"proto < 17", true},
		{"proto == 47", false},
		{"dir == out", true},
		{"dir == in", false},
		{"dir in [in, out]", true},
		{"dir in in", false},
		{"in != dir", true},
		{"dir not in [in, forward]", true},
		{"dir like 'o*'", true},
		{"oif == wan0", true},
		{"oif == WAN0", false},
		{"oif in [wan1, wan0, lan0]", true},
		{"oif in [wan1, wan, wan00]", false},
		{"oif != eth0.100", true},
		{"oif like wan*", true},
		{"oif like wan", false},
		{"oif like '*0'", true},
		{"oif like 'w?n[0-3]'", true},
		{"oif like 'w?n[!0-3]'", false},
		{"oif =~ an", true},
		{"oif =~ '^an'", false},
		{"oif =~ \"^(wan|ppp)[0-9]+$\"", true},
		{"cc == NZ", true},
		{"cc in [AU, NZ]", true},
		{"cc != AU", true},
		{"cc like 'N?'", true},
		{"continent == OC", true},
		{"continent in [EU, OC]", true},
		{"continent != EU", true},
		{"continent like 'O*'", true},
		{"continent == EU", false},
		{"country == \"New Zealand\"", true},
		{"country == 'Australia'", false},
		{"country in [Australia, 'New Zealand']", true},
		{"country like 'New *'", true},
		{"country =~ Zea", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

/* A test on what is not known is false, whatever its operator; `not` has two values. */
static void test_unknown(void **state)
{
	static const struct expectation cases[] = {
		{"cc", false},
		{"not cc", true},
		{"cc == NZ", false},
		{"cc != NZ", false},
		{"cc in [NZ]", false},
		{"cc not in [NZ]", false},
		{"cc like '*'", false},
		{"cc =~ ''", false},
		{"not cc == NZ", true},
		{"not cc != NZ", true},
		{"not cc not in [NZ]", true},
		{"country == 'New Zealand' or country != 'New Zealand'", false},
		{"rport", false},
		{"rport >= 0", false},
		{"rport != 80", false},
		{"not rport == 80", true},
		{"lport in 0-65535 or sport in 0-65535 or dport in 0-65535", false},
		{"proto == gre", true},
		{"proto == 47 and dir == forward", true},
		{"iif == lan0 and oif == wan0", true},
	};
	static const struct expectation without_interfaces[] = {
		{"iif", false},
		{"iif != lan0", false},
		{"not iif == lan0", true},
		{"oif like '*'", false},
	};
	struct sample sample;
	(void)state;
	sample_gre(&sample);
	assert_expectations(cases, COUNT(cases), &sample.facts);
	sample.facts.iif = sample.facts.oif = NULL;
	assert_expectations(without_interfaces, COUNT(without_interfaces), &sample.facts);
}

static void test_connectives(void **state)
{
	static const struct expectation cases[] = {
		{"raddr=='66.35.250.208' and lport == 80", false},
		{"raddr=='66.35.250.208' and lport == 40000", true},
		{"rport == 80 or rport == 443", true},
		{"rport == 80 or rport == 81 or rport == 82", false},
		{"not rport == 80 and not rport == 81", true},
		{"not (rport == 80 or rport == 443)", false},
		{"not not rport == 443", true},
		{"rport == 80 and cc == NZ or dir == out", true},
		{"rport == 80 and (cc == NZ or dir == out)", false},
		{"(cc) and (not(rport==80))", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence), cmocka_unit_test(test_sources),
		cmocka_unit_test(test_numbers),    cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_ipv6),       cmocka_unit_test(test_names),
		cmocka_unit_test(test_unknown),    cmocka_unit_test(test_connectives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
