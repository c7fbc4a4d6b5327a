/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wrong in an expression is said at its place and with a remedy. Limits hold. */
#include "rules_fixture.h"

#include "util/alloc.h"

/* The `^` of the second text stands below the byte where the fault is found. */
struct wrong {
	const char *text;
	const char *place;
	const char *message; /* a part of it */
};

static const struct wrong parse_cases[] = {
	{"", "^", "the expression is empty"},
	{"  \n", "^", "the expression is empty"},
	{"rprot == 80", "^", "unknown attribute `rprot`; did you mean `rport`?"},
	{"80 == rprot", "      ^", "unknown attribute `rprot`; did you mean `rport`?"},
	{"foo == 80", "^", "unknown attribute `foo`: a test is ATTRIBUTE OPERATOR VALUE"},
	{"tcp", "^", "`tcp` is a protocol, not an attribute: write `proto == tcp`"},
	{"80 == 81", "^", "one side of a test is an attribute"},
	{"\"dport\" == 25", "^", "one side of a test is an attribute"},
	{"raddr == laddr", "         ^", "`laddr` is an attribute too"},
	{"rport in [80, lport]", "              ^", "`lport` is an attribute too"},
	{"iif == user", "       ^", "write 'user' if the text is meant"},
	{"args[] == '-jar'", "     ^", "`args[N]` takes one number: args[0] is the first"},
	{"args[1:] == '-jar'", "     ^", "`args[N]` takes one number"},
	{"args[-0] == '-jar'", "     ^", "`args[N]` takes one number"},
	{"args['1'] == '-jar'", "     ^", "`args[N]` takes one number"},
	{"args[1048576] == '-jar'", "     ^", "`args[N]` takes one number"},
	{"args[0 == '-jar'", "       ^", "`]` is missing between `0` and `==`"},
	{"args[", "     ^", "`args[N]` takes one number"},
	{"args[0][1] == x", "       ^", "an operator (== != < <= > >= in, not in, like, =~) is"},
	{"args == cmd", "        ^", "`cmd` is an attribute too"},
	{"unit == class", "        ^", "write 'class' if the text is meant"},
	{"rport in @web", "         ^", "unknown set `@web`: add it to `sets:`"},
	{"rport in [80, @web]", "              ^", "unknown set `@web`"},
	{"@web == 80", "^", "one side of a test is an attribute"},
	{"rport @web", "      ^", "an operator (== != < <= > >= in, not in, like, =~) is missing"},
	{"rport < @web", "      ^", "`<` takes one value, not a set"},
	{"iif like @web", "    ^", "`like` takes one value, not a set"},
	{"@web in iif", "     ^", "`in` takes one value, not a set"},
	{"rport in @", "         ^", "the name of a set is missing after `@`"},
	{"rport[0] == 80", "     ^", "`rport` is not a list"},
	{"dport = 25", "      ^", "`=` is no operator: equality is `==`"},
	{"dport => 25", "      ^", "write `>=`"},
	{"dport =< 25", "      ^", "write `<=`"},
	{"dport <> 25", "      ^", "write `!=`"},
	{"dport === 25", "      ^", "equality is `==`"},
	{"iif !~ 'a'", "    ^", "write `not A =~ B`"},
	{"! cc", "^", "write `not`"},
	{"cc && iif", "   ^", "write `and`"},
	{"dport == 25||cc", "           ^", "write `or`"},
	{"cc AND iif", "   ^", "`and` and `or` are written small"},
	{"cc == NZ Or iif", "         ^", "`and` and `or` are written small"},
	{"iif == 'eth0", "       ^", "this quote is not closed: ' is missing"},
	{"(dport == 25", "^", "this `(` is not closed"},
	{"cc and (iif or (oif)", "       ^", "this `(` is not closed"},
	{"dport == 25)", "           ^", "this `)` has no `(`"},
	{"dport == (25", "         ^", "this `(` is not closed: `)` is missing"},
	{"dport in (25 and cc)", "             ^", "`,` or `)` is missing between `25` and `and`"},
	{"dport in ()", "         ^", "the list is empty"},
	{"dport in [25)", "            ^", "`,` or `]` is missing between `25` and `)`"},
	{"(80) == rport", " ^", "one side of a test is an attribute"},
	{"()", " ^", "a test is missing between `(` and `)`"},
	{"rport in []", "         ^", "the list is empty"},
	{"rport in [80", "         ^", "this `[` is not closed"},
	{"rport in [80,", "             ^", "a value is missing after `,`"},
	{"rport in [80, ]", "              ^", "a value is missing between `,` and `]`"},
	{"rport in [80 443]", "             ^", "`,` or `]` is missing"},
	{"rport in [80, [81]]", "              ^", "a list cannot hold a list"},
	{"rport in [80, and]", "              ^", "a value is missing"},
	{"rport 80", "      ^", "an operator (== != < <= > >= in, not in, like, =~) is missing"},
	{"rport == 80, 443", "           ^", "a list in brackets, such as [80, 443]"},
	{"rport == 80 - 90", "            ^", "a range is written without blanks"},
	{"80 < rport < 90", "           ^", "join two tests with `and`"},
	{"country == New Zealand", "               ^", "a text of several words needs quotes"},
	{"rport not 80", "          ^", "`in` is missing between `not` and `80`"},
	{"iif not like 80", "    ^", "write `not A like B`"},
	{"'a*' like iif", "     ^", "write `iif like …`"},
	{"rport ==", "        ^", "a value is missing after `==`"},
	{"rport == and cc", "         ^", "a value is missing between `==` and `and`"},
	{"and cc", "^", "a test is missing before `and`"},
	{"cc or", "     ^", "a test is missing after `or`"},
	{"cc and and cc", "       ^", "a test is missing between `and` and `and`"},
	{"not", "   ^", "a test is missing after `not`"},
	{"== 80", "^", "a test is missing before `==`"},
	/* Python, as pyshaper's expressions were, where it says something else here. */
	{"cc == None", "      ^", "an attribute alone is true where it is known"},
	{"cc is None", "   ^", "`is` is no operator"},
	{"cc == NZ & iif", "         ^", "`&` is no operator: write `and`"},
	{"cc == NZ | iif", "         ^", "`|` is no operator: write `or`"},
	{"cmd.endswith('java')", "^", "attributes have no methods; a part of a text is found by"},
	{"raddr.startswith('10.')", "^", "a network is written as a prefix"},
	{"rport.x == 1", "^", "a range is written FIRST-LAST"},
	{"rport in range(80, 90)", "         ^", "`range(…)`: there are no functions; a range is"},
	{"len(args) == 2", "^", "unknown attribute `len`"},
};

static const struct wrong value_cases[] = {
	{"rport == 80000", "         ^", "`80000` is not a port number (0–65535)"},
	{"80 in rport", "   ^", "write `rport in …`, the attribute first"},
	{"'10.' in raddr", "      ^", "`raddr` is not a list: write `raddr in …`"},
	{"['a', 'b'] in iif", "           ^", "`in` takes one value, not a list"},
	{"mark == 0x100000000", "        ^", "is not a packet mark (0–4294967295)"},
	{"mark like '0x*'", "     ^", "`like` takes texts only, and `mark` is a packet mark"},
	{"icmp-type == 256", "             ^", "`256` is not an ICMP type: it is 0–255 or a name"},
	{"icmp-type == echo", "             ^", "or a name such as echo-request"},
	{"icmp-type == echo-requst", "             ^", "did you mean `echo-request`?"},
	{"icmp-type in 8-300", "               ^", "`300` is not an ICMP type"},
	{"icmp-type < echo-reply", "            ^", "is not an ICMP type"},
	{"icmp-type in 9-8", "             ^", "the range `9-8` is empty"},
	{"time == 24:00", "        ^", "`24:00` is not a time of day: it is 00:00 to 23:59"},
	{"time == 22", "        ^", "`22` is not a time of day"},
	{"time in 22:00-6", "              ^", "`6` is not a time of day"},
	{"time in 22:60-06:00", "        ^", "`22:60` is not a time of day"},
	{"time == 1:000", "        ^", "is not a time of day"},
	{"time >= 22:00-23:00", "        ^", "is not a time of day"},
	{"time like '22*'", "     ^", "`like` takes texts only, and `time` is a time of day"},
	{"weekday == Sat", "           ^", "did you mean `sat`?"},
	{"weekday == 6", "           ^", "it is mon, tue, wed, thu, fri, sat or sun"},
	{"weekday in mon-fry", "               ^", "`fry` is not a day of the week"},
	{"weekday < fri", "        ^", "a range is written `in mon-fri`"},
	{"continent == Oceania", "             ^", "did you mean `OC`?"},
	{"continent == oc", "             ^", "did you mean `OC`?"},
	{"continent == XX", "             ^", "it is AF, AN, AS, EU, NA, OC or SA"},
	{"rport == http", "         ^", "`http` is not a port number (0–65535)"},
	{"rport == 80-90000", "            ^", "`90000` is not a port number"},
	{"rport == 90-80", "         ^", "the range `90-80` is empty: the smaller end"},
	{"rport == '80-90000'", "             ^", "`90000` is not a port number"},
	{"rport in [1, 2, x]", "                ^", "`x` is not a port number"},
	{"cc == NZ and rport == -1", "                      ^", "`-1` is not a port number"},
	{"rport < 80-90", "        ^", "`<` takes one number (0–65535)"},
	{"rport >= [80]", "      ^", "`>=` takes one value, not a list"},
	{"rport < 99999999999999999999", "        ^", "is not a port number"},
	{"proto == tpc", "         ^", "unknown protocol `tpc`; did you mean `tcp`?"},
	{"proto == TCP", "         ^", "unknown protocol `TCP`; did you mean `tcp`?"},
	{"proto == 256", "         ^", "`256` is not a protocol (0–255)"},
	{"proto < tcp", "        ^", "`<` takes one number (0–255)"},
	{"dscp == 64", "        ^", "`64` is not a DSCP"},
	{"dir == outgoing", "       ^", "it is `in`, `out` or `forward`"},
	{"raddr == 10.0.0.300", "         ^", "`10.0.0.300` is not an address; right would be"},
	{"raddr == example.org", "         ^", "names are not looked up"},
	{"raddr == 10.0.0.1/8", "         ^", "the network is `10.0.0.0/8`"},
	{"raddr == 2001:db8::1/32", "         ^", "the network is `2001:db8::/32`"},
	{"raddr == 10.0.0.0/33", "         ^", "0–32 for IPv4"},
	{"raddr in 10.0.0.9-10.0.0.1", "         ^", "the smaller end comes first"},
	{"raddr in 10.0.0.1-fd00::1", "         ^", "both ends are IPv4 or both IPv6"},
	{"raddr in 10.0.0.1-10.0.0", "                  ^", "`10.0.0` is not an address"},
	{"raddr < 10.0.0.1", "      ^", "`<` takes numbers only, and `raddr` is an address"},
	{"raddr like '10.*'", "      ^", "`like` takes texts only, and `raddr` is an address"},
	{"dport =~ 80", "      ^", "`=~` takes texts only, and `dport` is a port number"},
	{"cc == ZZZ", "      ^", "`ZZZ` is not a country code"},
	{"cc == XX", "      ^", "`XX` is not a country code"},
	{"cc in [NZ, nz]", "           ^", "`nz`: country codes are written in capitals, `NZ`"},
	{"cc == UK", "      ^", "that of the United Kingdom is `GB`"},
	{"cc == 'New Zealand'", "       ^", "its code is `NZ`"},
	{"cc < NZ", "   ^", "`<` takes numbers only"},
	{"country == 'Neu Zealand'", "            ^", "did you mean \"New Zealand\"?"},
	{"country == NZ", "           ^", "write `cc == NZ` or `country == \"New Zealand\"`"},
	{"country == italy", "           ^", "did you mean \"Italy\"?"},
	{"[a, b] in args", "       ^", "`in` takes one value, not a list"},
	{"args like [a, b]", "     ^", "`like` takes one value, not a list"},
	{"args < 5", "     ^", "`<` takes numbers only, and `args` is a list of arguments"},
	{"user < 5", "     ^", "`<` takes numbers only, and `user` is a user name: compare `uid`"},
	{"group >= 5", "      ^", "and `group` is a group name: compare `gid`"},
	{"user in [root, 1000]", "               ^",
	 "`1000` is a number among names: compare names"},
	{"group != [1-5, root]", "          ^",
	 "with `group` and numbers with `gid`, in two tests"},
	{"user in 10.0.0.0/8", "        ^", "`10.0.0.0/8` cannot be the name of a user"},
	{"group == ''", "          ^", "`` cannot be the name of a group"},
	{"uid == root", "       ^", "`root` is not a user id (0–4294967295)"},
	{"exe == java", "       ^", "which begins with `/`: a part is found by `exe like '*java'`"},
	{"cgroup in [/a, b]", "               ^", "`b` is not the path of a cgroup, which begins"},
	{"unit == ssh", "        ^", "not the full name of a unit, such as `ssh.service`"},
	{"pid like 1", "    ^", "`like` takes texts only, and `pid` is a process id"},
	{"user == 1000-999", "        ^", "the range `1000-999` is empty"},
	{"user == 4294967296", "        ^", "is not a user id (0–4294967295)"},
	{"class == p2p", "^", "`class` is what the rules decide: only listings of connections"},
	{"dport == 25 and not rule", "                    ^", "`rule` is what the rules decide"},
	{"iif == sixteencharacters", "       ^", "1 to 15 characters"},
	{"iif == ''", "        ^", "1 to 15 characters"},
	{"iif == 'a b'", "        ^", "without blanks"},
	{"iif like '[a'", "          ^", "this `[` of the pattern is not closed"},
	{"iif like 'a\\'", "           ^", "nothing stands behind this `\\`"},
	{"iif like '[é]'", "          ^", "only ASCII"},
	{"iif like [a, b]", "    ^", "`like` takes one value, not a list"},
	{"iif =~ 'a(b'", "           ^", "this is not a regular expression: "},
};

static void assert_fault(const char *text, size_t offset, const char *message)
{
	struct fault fault = {0};
	struct condition *condition = condition_new(text, &fault);
	if (condition)
		fail_msg("no fault was found in %.60s", text);
	assert_non_null(fault.message);
	if (fault.offset != offset || !strstr(fault.message, message))
		fail_msg("%.60s: at %zu: %s", text, fault.offset, fault.message);
	fault_fini(&fault);
}

static void assert_faults(const struct wrong *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_fault(cases[i].text, strlen(cases[i].place) - 1, cases[i].message);
}

static void test_parse_errors(void **state)
{
	(void)state;
	assert_faults(parse_cases, COUNT(parse_cases));
}

static void test_value_errors(void **state)
{
	(void)state;
	assert_faults(value_cases, COUNT(value_cases));
}

/* `part` written `count` times, then `tail`. */
static char *repeat(const char *part, size_t count, const char *tail)
{
	size_t length = strlen(part);
	char *text = xcalloc(length * count + strlen(tail) + 1, 1);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, part, length);
	strcpy(text + length * count, tail);
	return text;
}

static void test_nesting(void **state)
{
	static const char *const bombs[] = {"(", "not ", "not (", "( not not "};
	char *open = repeat("(", 64, "cc"), *close = repeat(")", 64, "");
	char *deepest = xasprintf("%s%s", open, close);
	struct fault fault = {0};
	(void)state;
	condition_free(expression(deepest));
	for (size_t i = 0; i < COUNT(bombs); i++) {
		char *bomb = repeat(bombs[i], 100000, "cc");
		assert_null(condition_new(bomb, &fault));
		assert_non_null(strstr(fault.message, "nested more than 64 deep"));
		fault_fini(&fault);
		free(bomb);
	}
	free(deepest);
	free(open);
	free(close);
}

/* A chain is one node, so it may be long without being deep. */
static void test_long_chain(void **state)
{
	char *chain = repeat("dport == 1 or not dport == 2 and cc or ", 20000, "dport == 443");
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.packet.dport = 2;
	assert_false(expression_holds(chain, &sample.facts));
	sample.packet.dport = 443;
	assert_true(expression_holds(chain, &sample.facts));
	free(chain);
}

static void test_long_list(void **state)
{
	char *list = repeat("1-5,7,", 32767, "443, 9]");
	char *text = xasprintf("dport in [%s", list);
	char *more = xasprintf("dport in [8, %s", list);
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_true(expression_holds(text, &sample.facts));
	sample.packet.dport = 6;
	assert_false(expression_holds(text, &sample.facts));
	assert_fault(more, strlen(more) - 2, "more than 65536 values");
	free(list);
	free(text);
	free(more);
}

static void test_long_text(void **state)
{
	char *text = repeat(" ", EXPR_LENGTH_MAX, "cc");
	char *word = repeat("a", 100000, " == 80");
	struct fault fault = {0};
	(void)state;
	assert_fault(text, 0, "longer than 1048576 bytes");
	assert_null(condition_new(word, &fault));
	assert_true(strlen(fault.message) < 300);
	fault_fini(&fault);
	free(text);
	free(word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_errors), cmocka_unit_test(test_value_errors),
		cmocka_unit_test(test_nesting),      cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_long_list),    cmocka_unit_test(test_long_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
