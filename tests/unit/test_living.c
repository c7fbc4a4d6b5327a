/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What conntrack has of a connection, as the hooks see its packets. */
#include "fixture.h"

#include <netinet/in.h>
#include <string.h>

#include "daemon/living.h"

static struct host host;

static void add_prefix(struct addr_set *set, const char *text)
{
	struct prefix prefix;
	assert_int_equal(prefix_parse(text, &prefix), 0);
	addr_set_add_prefix(set, &prefix);
}

static int make_host(void **state)
{
	(void)state;
	add_prefix(&host.own, "198.51.100.1/32");
	add_prefix(&host.own, "192.168.1.1/32");
	add_prefix(&host.own, "2001:db8::1/128");
	add_prefix(&host.own, "127.0.0.0/8");
	add_prefix(&host.broadcast, "192.168.1.255/32");
	addr_set_seal(&host.own);
	addr_set_seal(&host.broadcast);
	return 0;
}

static int free_host(void **state)
{
	(void)state;
	host_fini(&host);
	return 0;
}

static struct connection_tuple tuple_of(const char *src, uint16_t sport, const char *dst,
					uint16_t dport)
{
	struct connection_tuple tuple = {.sport = sport, .dport = dport};
	assert_int_equal(addr_parse(src, &tuple.saddr), 0);
	assert_int_equal(addr_parse(dst, &tuple.daddr), 0);
	return tuple;
}

static struct connection connection_of(struct connection_tuple original,
				       struct connection_tuple reply)
{
	return (struct connection){.proto = IPPROTO_TCP, .original = original, .reply = reply};
}

static void assert_packet(const struct connection *connection, const char *src, uint16_t sport,
			  const char *dst, uint16_t dport, enum direction expected)
{
	struct packet packet;
	enum direction direction;
	char text[ADDR_TEXT_MAX];
	assert_true(living_packet(&host, connection, &packet, &direction));
	assert_int_equal(direction, expected);
	assert_string_equal(addr_text(&packet.src, text), src);
	assert_string_equal(addr_text(&packet.dst, text), dst);
	assert_int_equal(packet.sport, sport);
	assert_int_equal(packet.dport, dport);
}

static void test_directions(void **state)
{
	struct connection connection =
		connection_of(tuple_of("198.51.100.1", 40000, "203.0.113.5", 443),
			      tuple_of("203.0.113.5", 443, "198.51.100.1", 40000));
	(void)state;
	assert_packet(&connection, "198.51.100.1", 40000, "203.0.113.5", 443, DIRECTION_OUT);
	connection = connection_of(tuple_of("2001:db8::9", 40000, "2001:db8::1", 22),
				   tuple_of("2001:db8::1", 22, "2001:db8::9", 40000));
	assert_packet(&connection, "2001:db8::9", 40000, "2001:db8::1", 22, DIRECTION_IN);
	connection = connection_of(tuple_of("192.168.1.9", 40000, "203.0.113.5", 443),
				   tuple_of("203.0.113.5", 443, "198.51.100.1", 61000));
	assert_packet(&connection, "192.168.1.9", 40000, "203.0.113.5", 443, DIRECTION_FORWARD);
}

/* Behind destination NAT, before source NAT. */
static void test_nat(void **state)
{
	struct connection connection =
		connection_of(tuple_of("203.0.113.5", 40000, "198.51.100.1", 8443),
			      tuple_of("192.168.1.9", 443, "203.0.113.5", 40000));
	(void)state;
	assert_packet(&connection, "203.0.113.5", 40000, "192.168.1.9", 443, DIRECTION_FORWARD);
	/* Redirected to this host. */
	connection = connection_of(tuple_of("192.168.1.9", 40000, "203.0.113.5", 80),
				   tuple_of("192.168.1.1", 3128, "192.168.1.9", 40000));
	assert_packet(&connection, "192.168.1.9", 40000, "192.168.1.1", 3128, DIRECTION_IN);
}

static void test_expected(void **state)
{
	struct connection connection =
		connection_of(tuple_of("203.0.113.5", 20, "192.168.1.9", 50000),
			      tuple_of("192.168.1.9", 50000, "203.0.113.5", 20));
	(void)state;
	connection.has_master = true;
	connection.master_proto = IPPROTO_TCP;
	connection.master = tuple_of("192.168.1.9", 40000, "203.0.113.5", 21);
	assert_packet(&connection, "192.168.1.9", 40000, "203.0.113.5", 21, DIRECTION_FORWARD);
}

static void test_icmp(void **state)
{
	struct packet packet;
	enum direction direction;
	struct connection connection = connection_of(tuple_of("192.168.1.9", 0, "203.0.113.5", 0),
						     tuple_of("203.0.113.5", 0, "192.168.1.9", 0));
	(void)state;
	connection.proto = IPPROTO_ICMP;
	connection.original.icmp_type = 8;
	assert_true(living_packet(&host, &connection, &packet, &direction));
	assert_true(packet.has_icmp);
	assert_false(packet.has_ports);
	assert_int_equal(packet.icmp_type, 8);
	connection.proto = IPPROTO_GRE;
	connection.original.sport = 7; /* a key */
	assert_true(living_packet(&host, &connection, &packet, &direction));
	assert_false(packet.has_icmp);
	assert_false(packet.has_ports);
}

static void test_not_judged(void **state)
{
	struct packet packet;
	enum direction direction;
	struct connection connection =
		connection_of(tuple_of("198.51.100.1", 40000, "127.0.0.1", 80),
			      tuple_of("127.0.0.1", 80, "198.51.100.1", 40000));
	(void)state;
	assert_false(living_packet(&host, &connection, &packet, &direction));
	connection = connection_of(tuple_of("192.168.1.9", 137, "192.168.1.255", 137),
				   tuple_of("192.168.1.255", 137, "192.168.1.9", 137));
	assert_false(living_packet(&host, &connection, &packet, &direction));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions), cmocka_unit_test(test_nat),
		cmocka_unit_test(test_expected),   cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_not_judged),
	};
	return cmocka_run_group_tests(tests, make_host, free_host);
}
