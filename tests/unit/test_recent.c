/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several first packets of one flow get one decision, for a while. */
#include "fixture.h"

#include <netinet/in.h>

#include "daemon/recent.h"

#define NOW 5000000000u

static struct packet packet_to(const char *dst, uint16_t sport, bool has_ports)
{
	struct packet packet = {.proto = IPPROTO_UDP,
				.has_ports = has_ports,
				.sport = sport,
				.dport = 53,
				.length = 100};
	assert_int_equal(addr_parse("192.0.2.1", &packet.src), 0);
	assert_int_equal(addr_parse(dst, &packet.dst), 0);
	return packet;
}

static void one_flow_one_decision(void **state)
{
	struct recent *recent = recent_new();
	struct packet first = packet_to("198.51.100.1", 1000, true), second = first;
	uint32_t decision = 77;
	(void)state;
	second.length = 1400;
	assert_false(recent_find(recent, &first, NOW, &decision));
	assert_int_equal(decision, 77);
	recent_add(recent, &first, NOW, 3);
	assert_true(recent_find(recent, &second, NOW + RECENT_NS, &decision));
	assert_int_equal(decision, 3);
	assert_false(recent_find(recent, &second, NOW + RECENT_NS + 1, &decision));
	recent_clear(recent);
	assert_false(recent_find(recent, &second, NOW, &decision));
	recent_free(recent);
}

static void another_flow_another_decision(void **state)
{
	struct recent *recent = recent_new();
	struct packet one = packet_to("198.51.100.1", 1000, true), other = one;
	uint32_t decision;
	(void)state;
	recent_add(recent, &one, NOW, 3);
	other.sport = 1001;
	assert_false(recent_find(recent, &other, NOW, &decision));
	other = one;
	other.proto = IPPROTO_TCP;
	assert_false(recent_find(recent, &other, NOW, &decision));
	other = packet_to("198.51.100.2", 1000, true);
	assert_false(recent_find(recent, &other, NOW, &decision));
	recent_free(recent);
}

static void without_ports_nothing_is_remembered(void **state)
{
	struct recent *recent = recent_new();
	struct packet packet = packet_to("198.51.100.1", 0, false);
	uint32_t decision;
	(void)state;
	recent_add(recent, &packet, NOW, 3);
	assert_false(recent_find(recent, &packet, NOW, &decision));
	recent_free(recent);
}

/* Many flows share the table: each of those that it still has is told apart. */
static void many_flows(void **state)
{
	struct recent *recent = recent_new();
	uint32_t found = 0, decision;
	(void)state;
	for (uint16_t port = 1; port < 4000; port++) {
		struct packet packet = packet_to("2001:db8::1", port, true);
		assert_int_equal(addr_parse("2001:db8::2", &packet.src), 0);
		recent_add(recent, &packet, NOW, port);
	}
	for (uint16_t port = 1; port < 4000; port++) {
		struct packet packet = packet_to("2001:db8::1", port, true);
		assert_int_equal(addr_parse("2001:db8::2", &packet.src), 0);
		if (!recent_find(recent, &packet, NOW, &decision))
			continue;
		assert_int_equal(decision, port);
		found++;
	}
	assert_in_range(found, 900, 1024); /* all slots are in use, but for chance */
	recent_free(recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flow_one_decision),
		cmocka_unit_test(another_flow_another_decision),
		cmocka_unit_test(without_ports_nothing_is_remembered),
		cmocka_unit_test(many_flows),
	};
	return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
