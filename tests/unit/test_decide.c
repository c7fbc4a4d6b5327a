/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which end is local, what is exempt, and the decision with its explanation. */
#include "fixture.h"

#include <netinet/in.h>
#include <string.h>

#include "engine/decide.h"
#include "engine/explain.h"

static const struct ids none;

static const char configuration[] = "version: 1\n"
				    "local: [192.168.1.0/24, 2001:db8:1::/48]\n"
				    "management: [tcp/22, \"tcp/443 from 192.168.1.0/24\"]\n"
				    "interfaces: {wan0: {out: 10mbit}}\n"
				    "classes: {web: {out: 1mbit}, peers: {out: 1mbit}}\n"
				    "rules:\n"
				    "  - {name: inside web, if: lport == 80, class: web}\n"
				    "  - {name: outside peers, if: rport == 6881, class: peers}\n"
				    "  - {name: no telnet, if: dport == 23, action: reject}\n"
				    "  - {name: fine, if: dport == 24, action: accept}\n";

static struct snapshot *snapshot;

static int load(void **state)
{
	(void)state;
	snapshot = fixture_snapshot(configuration, &none);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	snapshot_free(snapshot);
	return 0;
}

static struct packet packet_between(const char *src, uint16_t sport, const char *dst,
				    uint16_t dport)
{
	struct packet packet = {.proto = IPPROTO_TCP,
				.has_ports = true,
				.sport = sport,
				.dport = dport,
				.length = 60};
	assert_int_equal(addr_parse(src, &packet.src), 0);
	assert_int_equal(addr_parse(dst, &packet.dst), 0);
	return packet;
}

static bool source_is_local(const char *src, const char *dst, enum direction direction,
			    const char *iif, const char *oif)
{
	struct packet packet = packet_between(src, 1, dst, 2);
	struct packet_origin origin = {direction, iif, oif};
	return decide_facts(snapshot, &packet, &origin).source_is_local;
}

static void this_host_is_local(void **state)
{
	(void)state;
	/* even against `local:` */
	assert_true(source_is_local("198.51.100.1", "192.168.1.5", DIRECTION_OUT, NULL, "wan0"));
	assert_false(source_is_local("192.168.1.5", "198.51.100.1", DIRECTION_IN, "lan0", NULL));
}

static void the_only_end_in_local_is_local(void **state)
{
	(void)state;
	assert_true(
		source_is_local("192.168.1.5", "198.51.100.1", DIRECTION_FORWARD, "wan0", "lan0"));
	assert_false(
		source_is_local("198.51.100.1", "192.168.1.5", DIRECTION_FORWARD, "lan0", "wan0"));
	assert_false(
		source_is_local("2001:db8:2::1", "2001:db8:1::1", DIRECTION_FORWARD, NULL, NULL));
}

static void else_the_end_behind_an_unshaped_interface(void **state)
{
	(void)state;
	assert_true(source_is_local("10.1.1.1", "10.2.2.2", DIRECTION_FORWARD, "lan0", "wan0"));
	assert_false(source_is_local("10.1.1.1", "10.2.2.2", DIRECTION_FORWARD, "wan0", "lan0"));
	/* both in `local:` says nothing either */
	assert_false(
		source_is_local("192.168.1.5", "192.168.1.6", DIRECTION_FORWARD, "wan0", "lan0"));
}

static void else_the_originator(void **state)
{
	(void)state;
	assert_true(source_is_local("10.1.1.1", "10.2.2.2", DIRECTION_FORWARD, "lan0", "lan1"));
	assert_true(source_is_local("10.1.1.1", "10.2.2.2", DIRECTION_FORWARD, NULL, NULL));
}

static struct explanation explain_tcp(const char *src, uint16_t sport, const char *dst,
				      uint16_t dport, enum direction direction)
{
	static struct packet packet;
	struct explanation explanation;
	struct packet_origin origin = {direction, NULL, NULL};
	packet = packet_between(src, sport, dst, dport);
	struct facts facts = decide_facts(snapshot, &packet, &origin);
	explain(snapshot, &facts, NULL, &explanation);
	return explanation;
}

static void the_first_rule_that_matches_settles(void **state)
{
	(void)state;
	struct explanation e =
		explain_tcp("192.168.1.5", 80, "198.51.100.1", 6881, DIRECTION_FORWARD);
	assert_string_equal(e.rule, "inside web");
	assert_string_equal(e.outcome->name, "web");
	assert_int_equal(e.mark, 0x02000000);
	assert_int_equal(e.n_steps, 1);
	assert_true(e.steps[0].matched);
	explanation_fini(&e);
	e = explain_tcp("198.51.100.1", 6881, "192.168.1.5", 8080, DIRECTION_FORWARD);
	assert_string_equal(e.rule, "outside peers");
	assert_int_equal(e.n_steps, 2);
	assert_false(e.steps[0].matched);
	assert_true(strlen(e.steps[0].why) > 0);
	explanation_fini(&e);
}

static void actions_and_the_default(void **state)
{
	(void)state;
	struct explanation e =
		explain_tcp("192.168.1.5", 1000, "198.51.100.1", 23, DIRECTION_FORWARD);
	assert_int_equal(e.outcome->kind, OUTCOME_REJECT);
	explanation_fini(&e);
	e = explain_tcp("192.168.1.5", 1000, "198.51.100.1", 24, DIRECTION_FORWARD);
	assert_string_equal(e.outcome->name, "default");
	assert_string_equal(e.rule, "fine");
	explanation_fini(&e);
	e = explain_tcp("192.168.1.5", 1000, "198.51.100.1", 26, DIRECTION_FORWARD);
	assert_string_equal(e.outcome->name, "default");
	assert_null(e.rule);
	assert_int_equal(e.n_steps, 4);
	explanation_fini(&e);
}

static bool is_exempt(const char *src, uint16_t sport, const char *dst, uint16_t dport,
		      enum direction direction)
{
	struct explanation e = explain_tcp(src, sport, dst, dport, direction);
	bool exempt = e.exemption != NULL;
	assert_int_equal(e.mark == 0, exempt);
	explanation_fini(&e);
	return exempt;
}

static void management_is_never_judged(void **state)
{
	(void)state;
	assert_true(is_exempt("198.51.100.1", 1000, "192.168.1.1", 22, DIRECTION_IN));
	assert_true(is_exempt("192.168.1.1", 22, "198.51.100.1", 1000, DIRECTION_OUT));
	assert_true(is_exempt("192.168.1.9", 1000, "192.168.1.1", 443, DIRECTION_IN));
	assert_false(is_exempt("198.51.100.1", 1000, "192.168.1.1", 443, DIRECTION_IN));
	assert_false(is_exempt("192.168.1.1", 1000, "198.51.100.1", 22, DIRECTION_OUT));
	assert_false(is_exempt("192.168.1.5", 1000, "198.51.100.1", 22, DIRECTION_FORWARD));
}

static void loopback_and_multicast_are_never_judged(void **state)
{
	(void)state;
	assert_true(is_exempt("127.0.0.1", 1000, "127.0.0.1", 80, DIRECTION_OUT));
	assert_true(is_exempt("::1", 1000, "::1", 80, DIRECTION_IN));
	assert_true(is_exempt("192.168.1.5", 1000, "224.0.0.251", 5353, DIRECTION_OUT));
	assert_true(is_exempt("fe80::1", 1000, "ff02::fb", 5353, DIRECTION_IN));
	assert_true(is_exempt("192.168.1.5", 1000, "255.255.255.255", 1, DIRECTION_OUT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_host_is_local),
		cmocka_unit_test(the_only_end_in_local_is_local),
		cmocka_unit_test(else_the_end_behind_an_unshaped_interface),
		cmocka_unit_test(else_the_originator),
		cmocka_unit_test(the_first_rule_that_matches_settles),
		cmocka_unit_test(actions_and_the_default),
		cmocka_unit_test(management_is_never_judged),
		cmocka_unit_test(loopback_and_multicast_are_never_judged),
	};
	return cmocka_run_group_tests_name("decide", tests, load, unload);
}
