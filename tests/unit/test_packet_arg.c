/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packet that `explain` is told of; what it is not told is unknown. */
#include "fixture.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/packet_arg.h"

#define WORDS_MAX 12

/* Reads a command line of words with blanks between them. */
static int read_line(const char *line, char *buffer, size_t size, struct packet_arg *arg)
{
	char *words[WORDS_MAX], *state = NULL;
	int count = 0;
	assert_true(strlen(line) < size);
	strcpy(buffer, line);
	for (char *word = strtok_r(buffer, " ", &state); word; word = strtok_r(NULL, " ", &state))
		words[count++] = word;
	return packet_arg_read(count, words, arg);
}

static void assert_refused(const char *line)
{
	char buffer[200];
	struct packet_arg arg;
	if (read_line(line, buffer, sizeof(buffer), &arg) != EXIT_USAGE)
		fail_msg("%s is not refused", line);
}

/* The one rule of a configuration, asked with a packet. */
static bool holds(const char *condition, const char *line)
{
	char buffer[200], text[300];
	struct packet_arg arg;
	struct ids none = {0};
	snprintf(text, sizeof(text), "version: 1\nrules: [{if: '%s', action: drop}]\n", condition);
	struct snapshot *snapshot = fixture_snapshot(text, &none);
	assert_int_equal(read_line(line, buffer, sizeof(buffer), &arg), EXIT_DONE);
	struct facts facts = packet_arg_facts(&arg, snapshot);
	bool matches = ruleset_rule_matches(snapshot->ruleset, 0, &facts);
	packet_arg_fini(&arg);
	snapshot_free(snapshot);
	return matches;
}

#define PACKET "tcp 192.0.2.1:4000 198.51.100.1:443 dir=forward"
#define LOCAL "tcp 192.0.2.1:4000 198.51.100.1:443"
#define PING "icmp 192.0.2.1 198.51.100.1 dir=forward"
#define PING6 "icmpv6 2001:db8::1 2001:db8::2 dir=forward"

static void test_keys(void **state)
{
	(void)state;
	assert_true(holds("dport == 443 and sport == 4000", PACKET));
	assert_true(holds("mark == 0x10", PACKET " mark=0x10"));
	assert_true(holds("dscp == 46", PACKET " dscp=ef"));
	assert_true(holds("dscp == ef", PACKET " dscp=46"));
	assert_true(holds("length == 1500", PACKET " length=1500"));
	assert_true(holds("cc == NZ and continent == OC", PACKET " cc=NZ"));
	assert_true(holds("iif == lan0 and oif == wan0", PACKET " iif=lan0 oif=wan0"));
	assert_true(holds("time == 22:30", PACKET " time=22:30"));
	assert_true(holds("time == 22:30 and weekday == sat", PACKET " time=sat-22:30"));
	assert_true(holds("weekday == sat and not time", PACKET " time=sat"));
	assert_true(holds("time == 22:30 and not weekday", PACKET " time=22:30"));
	assert_true(holds("icmp-type == echo-request", PING " icmp-type=8"));
	assert_true(holds("icmp-type == 8", PING " icmp-type=echo-request"));
	assert_true(holds("icmp-type == 128", PING6 " icmp-type=echo-request"));
	assert_true(holds("icmp-type == echo-request", PING6 " icmp-type=128"));
	assert_false(holds("icmp-type == echo-request", PING " icmp-type=128"));
}

static void test_not_told(void **state)
{
	static const char *const names[] = {"mark", "dscp",    "length",    "cc",      "continent",
					    "time", "weekday", "icmp-type", "country", "iif",
					    "user", "uid",     "group",     "gid",     "pid",
					    "cmd",  "args",    "exe",       "cgroup",  "unit"};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (holds(names[i], PACKET))
			fail_msg("%s is known", names[i]);
	assert_false(holds("icmp-type", PING));
	assert_false(holds("sport", "tcp 192.0.2.1 198.51.100.1:443 dir=forward"));
}

/* The same with one argument that may hold blanks. */
static bool owned(const char *condition, const char *args)
{
	char text[200], line[200];
	struct packet_arg arg;
	struct ids none = {0};
	char *words[] = {(char[]){"tcp"}, (char[]){"192.0.2.1"}, (char[]){"198.51.100.1"}, line};
	snprintf(line, sizeof(line), "args=%s", args);
	snprintf(text, sizeof(text), "version: 1\nrules:\n- if: |-\n    %s\n  action: drop\n",
		 condition);
	struct snapshot *snapshot = fixture_snapshot(text, &none);
	assert_int_equal(packet_arg_read(4, words, &arg), EXIT_DONE);
	struct facts facts = packet_arg_facts(&arg, snapshot);
	bool matches = ruleset_rule_matches(snapshot->ruleset, 0, &facts);
	packet_arg_fini(&arg);
	snapshot_free(snapshot);
	return matches;
}

static void test_args(void **state)
{
	(void)state;
	assert_true(owned("args[0] == -jar and args[1] == x.jar and not args[2]", "-jar x.jar"));
	assert_true(owned("args[0] == 'a  b' and args[-1] == c", " 'a  b'   c "));
	assert_true(owned("args[0] == 'a b' and not args[1]", "a\\ b"));
	assert_true(owned("args[0] == 'ab c' and args[1] == '' and args[2] == d", "a\"b c\" '' d"));
	assert_true(owned("args != x and not args", ""));
	assert_true(owned("args[0] == '\\'", "'\\'"));
}

static void test_owner(void **state)
{
	(void)state;
	assert_true(holds("user == root and uid == 0", LOCAL " user=root"));
	assert_true(holds("user == root and uid == 0", LOCAL " uid=0"));
	assert_true(holds("user == root and uid == 0", LOCAL " user=0"));
	assert_true(holds("group == root and gid == 0", LOCAL " group=root"));
	assert_true(holds("group == root and gid == 0", LOCAL " gid=0"));
	assert_true(holds("user == root and uid == 7", LOCAL " uid=7 user=root"));
	assert_true(holds("user == no.one and not uid", LOCAL " user=no.one"));
	assert_true(holds("pid == 4711 and not cmd and not args", LOCAL " pid=4711"));
	assert_true(holds("cmd == nc and not args and not args != x", LOCAL " cmd=nc"));
	assert_true(holds("args[0] == a and args[1] == b", LOCAL " args=a cmd=nc args=b"));
	assert_true(holds("exe == /usr/bin/nc", LOCAL " exe=/usr/bin/nc"));
	assert_true(
		holds("cgroup == /a/b and unit == c.service", LOCAL " cgroup=/a/b unit=c.service"));
}

/* An owner has the local end. Without one, an address of nobody's is forwarded. */
static void test_direction_of_owner(void **state)
{
	(void)state;
	assert_true(holds("dir == forward", LOCAL));
	assert_true(holds("dir == out and lport == 4000", LOCAL " uid=0"));
	assert_true(holds("dir == in and lport == 443", LOCAL " uid=0 dir=in"));
	assert_true(holds("dir == out", LOCAL " dir=out uid=0"));
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused(PACKET " time=24:00");
	assert_refused(PACKET " time=sat-");
	assert_refused(PACKET " time=mon-fri");
	assert_refused(PACKET " time=6");
	assert_refused(PACKET " time=");
	assert_refused(PACKET " weekday=sat");
	assert_refused(PACKET " mark=0x100000000");
	assert_refused(PACKET " mark=");
	assert_refused(PACKET " dscp=64");
	assert_refused(PACKET " length=-1");
	assert_refused(PACKET " cc=ZZ");
	assert_refused(PACKET " icmp-type=8");
	assert_refused(PING " icmp-type=256");
	assert_refused(PING " icmp-type=packet-too-big");
	assert_refused(PACKET " user=root");
	assert_refused(LOCAL " user=");
	assert_refused(LOCAL " pid=root");
	assert_refused(LOCAL " uid=root");
	assert_refused(LOCAL " gid=4294967296");
	assert_refused(LOCAL " args='x");
	assert_refused(LOCAL " class=web");
	assert_refused(LOCAL " usr=root");
	assert_refused(PACKET " lenght=5");
	assert_refused(PACKET " length");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_not_told),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_direction_of_owner),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
