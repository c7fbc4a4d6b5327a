/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several first packets of one flow get one decision, for a while. */
#include "fixture.h"

#include <netinet/in.h>

#include "daemon/flows.h"

#define NOW 5000000000u
#define SLOTS 1024

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

static void add(struct flows *flows, const struct packet *packet, uint32_t id)
{
	uint32_t steps[1];
	struct path path = {.rule = 1, .id = id, .steps = steps};
	flows_add(flows, packet, NOW, &path);
}

static bool find(const struct flows *flows, const struct packet *packet, uint64_t now_ns,
		 uint32_t *ret_id)
{
	uint32_t steps[FLOWS_STEPS_MAX];
	struct path path = {.steps = steps};
	if (!flows_find(flows, packet, now_ns, FLOWS_RECENT_NS, &path))
		return false;
	*ret_id = path.id;
	return true;
}

static void one_flow_one_decision(void **state)
{
	struct flows *flows = flows_new(SLOTS);
	struct packet first = packet_to("198.51.100.1", 1000, true), second = first;
	uint32_t decision = 77;
	(void)state;
	second.length = 1400;
	assert_false(find(flows, &first, NOW, &decision));
	assert_int_equal(decision, 77);
	add(flows, &first, 3);
	assert_true(find(flows, &second, NOW + FLOWS_RECENT_NS, &decision));
	assert_int_equal(decision, 3);
	assert_false(find(flows, &second, NOW + FLOWS_RECENT_NS + 1, &decision));
	flows_clear(flows);
	assert_false(find(flows, &second, NOW, &decision));
	flows_free(flows);
}

static void another_flow_another_decision(void **state)
{
	struct flows *flows = flows_new(SLOTS);
	struct packet one = packet_to("198.51.100.1", 1000, true), other = one;
	uint32_t decision;
	(void)state;
	add(flows, &one, 3);
	other.sport = 1001;
	assert_false(find(flows, &other, NOW, &decision));
	other = one;
	other.proto = IPPROTO_TCP;
	assert_false(find(flows, &other, NOW, &decision));
	other = packet_to("198.51.100.2", 1000, true);
	assert_false(find(flows, &other, NOW, &decision));
	flows_free(flows);
}

static void without_ports(void **state)
{
	struct flows *flows = flows_new(SLOTS);
	struct packet udp = packet_to("198.51.100.1", 0, false), gre = udp, ping = udp, other;
	uint32_t decision;
	(void)state;
	/* A later fragment: of which flow, it does not say. */
	add(flows, &udp, 3);
	assert_false(find(flows, &udp, NOW, &decision));
	/* Conntrack knows no more of such a one than addresses and protocol. */
	gre.dport = 0;
	gre.proto = IPPROTO_ESP;
	add(flows, &gre, 4);
	assert_true(find(flows, &gre, NOW, &decision));
	assert_int_equal(decision, 4);
	ping.dport = 0;
	ping.proto = IPPROTO_ICMP;
	ping.has_icmp = true;
	ping.icmp_type = 3;
	add(flows, &ping, 5);
	assert_false(find(flows, &ping, NOW, &decision));
	ping.icmp_type = 8;
	ping.icmp_id = 700;
	ping.has_icmp_id = true;
	add(flows, &ping, 6);
	assert_true(find(flows, &ping, NOW, &decision));
	assert_int_equal(decision, 6);
	other = ping;
	other.icmp_id = 701;
	assert_false(find(flows, &other, NOW, &decision));
	other = ping;
	other.icmp_type = 13;
	assert_false(find(flows, &other, NOW, &decision));
	flows_free(flows);
}

/* Many flows share the table: each of those that it still has is told apart. */
static void many_flows(void **state)
{
	struct flows *flows = flows_new(SLOTS);
	uint32_t found = 0, decision;
	(void)state;
	for (uint16_t port = 1; port < 4000; port++) {
		struct packet packet = packet_to("2001:db8::1", port, true);
		assert_int_equal(addr_parse("2001:db8::2", &packet.src), 0);
		add(flows, &packet, port);
	}
	for (uint16_t port = 1; port < 4000; port++) {
		struct packet packet = packet_to("2001:db8::1", port, true);
		assert_int_equal(addr_parse("2001:db8::2", &packet.src), 0);
		if (!find(flows, &packet, NOW, &decision))
			continue;
		assert_int_equal(decision, port);
		found++;
	}
	assert_in_range(found, 900, 1024); /* all slots are in use, but for chance */
	flows_free(flows);
}

/* The way through the rules is kept whole, or not at all. */
static void throttles_are_remembered(void **state)
{
	struct flows *flows = flows_new(SLOTS);
	struct packet packet = packet_to("198.51.100.1", 1000, true), other = packet;
	uint32_t steps[FLOWS_STEPS_MAX + 1] = {3, 5, 8}, got[FLOWS_STEPS_MAX];
	struct path path = {.rule = 12, .id = 1, .queued_id = 2, .count = 3, .steps = steps};
	struct path back = {.steps = got};
	(void)state;
	flows_add(flows, &packet, NOW, &path);
	assert_true(flows_find(flows, &packet, NOW + 3600000000000u, FLOWS_FOR_GOOD, &back));
	assert_int_equal(back.rule, 12);
	assert_int_equal(back.id, 1);
	assert_int_equal(back.queued_id, 2);
	assert_int_equal(back.count, 3);
	assert_memory_equal(got, steps, 3 * sizeof(steps[0]));
	other.sport = 1001;
	path.count = FLOWS_STEPS_MAX + 1;
	flows_add(flows, &other, NOW, &path);
	assert_false(flows_find(flows, &other, NOW, FLOWS_FOR_GOOD, &back));
	flows_free(flows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flow_one_decision),
		cmocka_unit_test(another_flow_another_decision),
		cmocka_unit_test(without_ports),
		cmocka_unit_test(many_flows),
		cmocka_unit_test(throttles_are_remembered),
	};
	return cmocka_run_group_tests_name("flows", tests, NULL, NULL);
}
