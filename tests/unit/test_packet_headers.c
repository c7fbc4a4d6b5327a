/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What throttles need of a packet: how long its headers are, and what its answer looks like. */
#include "packet_bytes.h"

#define MORE_FRAGMENTS 0x2000

static unsigned headers_of(const struct bytes *bytes)
{
	struct packet packet;
	assert_int_equal(parse_whole(bytes, &packet), 0);
	return packet.headers;
}

/* With `upper` as the first 20 bytes behind the IP header. */
static unsigned headers_with(struct bytes bytes, uint8_t data_offset)
{
	add_upper(&bytes);
	bytes.at[bytes.length - 20 + 12] = data_offset;
	return headers_of(&bytes);
}

static void headers_of_ipv4(void **state)
{
	(void)state;
	assert_int_equal(headers_with(ipv4(IPPROTO_TCP, 0, 20, 0), 0x50), 40);
	assert_int_equal(headers_with(ipv4(IPPROTO_TCP, 0, 20, 0), 0x80), 52);
	assert_int_equal(headers_with(ipv4(IPPROTO_TCP, 40, 20, 0), 0xf0), 120);
	assert_int_equal(headers_with(ipv4(IPPROTO_UDP, 0, 20, 0), 0), 28);
	assert_int_equal(headers_with(ipv4(IPPROTO_UDP, 8, 20, 0), 0), 36);
	assert_int_equal(headers_with(ipv4(IPPROTO_ICMP, 0, 20, 0), 0), 28);
	assert_int_equal(headers_with(ipv4(IPPROTO_SCTP, 0, 20, 0), 0), 32);
	/* Of others nothing is known, and a later fragment has none of them. */
	assert_int_equal(headers_with(ipv4(IPPROTO_GRE, 0, 20, 0), 0x50), 20);
	assert_int_equal(headers_with(ipv4(IPPROTO_TCP, 0, 20, 1), 0x50), 20);
}

static void headers_of_ipv6(void **state)
{
	struct bytes bytes = ipv6(IPPROTO_HOPOPTS, 28);
	(void)state;
	assert_int_equal(headers_with(ipv6(IPPROTO_TCP, 20), 0x60), 64);
	assert_int_equal(headers_with(ipv6(IPPROTO_UDP, 20), 0), 48);
	assert_int_equal(headers_with(ipv6(IPPROTO_ICMPV6, 20), 0), 44);
	ADD(&bytes, IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0);
	assert_int_equal(headers_with(bytes, 0), 56);
	bytes = ipv6(IPPROTO_NONE, 0);
	assert_int_equal(headers_of(&bytes), 40);
}

/* Where the copy or the fragment ends before it says, the shortest header counts. */
static void headers_that_are_cut_off(void **state)
{
	struct bytes bytes = ipv4(IPPROTO_TCP, 0, 20, 0);
	struct packet packet;
	(void)state;
	add_upper(&bytes);
	bytes.at[32] = 0xa0;
	assert_int_equal(parse(bytes.at, 40, 1500, &packet), 0);
	assert_int_equal(packet.headers, 60);
	assert_int_equal(parse(bytes.at, 32, 1500, &packet), 0);
	assert_int_equal(packet.headers, 40);
	bytes = ipv4(IPPROTO_TCP, 0, 8, MORE_FRAGMENTS);
	ADD(&bytes, 0x04, 0x01, 0x00, 0x35, 0, 0, 0, 0);
	assert_int_equal(headers_of(&bytes), 40);
}

static void reverse_changes_the_ends(void **state)
{
	struct bytes bytes = ipv4(IPPROTO_TCP, 0, 20, 0);
	struct packet packet, reverse;
	(void)state;
	add_upper(&bytes);
	assert_int_equal(parse_whole(&bytes, &packet), 0);
	reverse = packet_reverse(&packet);
	assert_true(addr_equal(&reverse.src, &packet.dst));
	assert_true(addr_equal(&reverse.dst, &packet.src));
	assert_int_equal(reverse.sport, 53);
	assert_int_equal(reverse.dport, 1025);
	assert_int_equal(reverse.payload_word, 0x00350401);
	assert_int_equal(reverse.length, packet.length);
	assert_int_equal(reverse.dscp, 46);
	reverse = packet_reverse(&reverse);
	assert_memory_equal(&reverse, &packet, sizeof(packet));
}

static uint8_t reverse_type(uint8_t proto, uint8_t type)
{
	struct packet packet = {.proto = proto,
				.has_icmp = true,
				.icmp_type = type,
				.icmp_code = 7,
				.has_payload_word = true,
				.payload_word = (uint32_t)type << 24 | 0x07abcd};
	struct packet reverse = packet_reverse(&packet);
	assert_int_equal(reverse.icmp_code, 7);
	assert_int_equal(reverse.payload_word, (uint32_t)reverse.icmp_type << 24 | 0x07abcd);
	return reverse.icmp_type;
}

static void reverse_of_icmp(void **state)
{
	(void)state;
	assert_int_equal(reverse_type(IPPROTO_ICMP, 8), 0);
	assert_int_equal(reverse_type(IPPROTO_ICMP, 0), 8);
	assert_int_equal(reverse_type(IPPROTO_ICMP, 14), 13);
	assert_int_equal(reverse_type(IPPROTO_ICMP, 17), 18);
	assert_int_equal(reverse_type(IPPROTO_ICMP, 128), 128);
	assert_int_equal(reverse_type(IPPROTO_ICMP, 3), 3);
	assert_int_equal(reverse_type(IPPROTO_ICMPV6, 128), 129);
	assert_int_equal(reverse_type(IPPROTO_ICMPV6, 129), 128);
	assert_int_equal(reverse_type(IPPROTO_ICMPV6, 140), 139);
	assert_int_equal(reverse_type(IPPROTO_ICMPV6, 8), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_of_ipv4),
		cmocka_unit_test(headers_of_ipv6),
		cmocka_unit_test(headers_that_are_cut_off),
		cmocka_unit_test(reverse_changes_the_ends),
		cmocka_unit_test(reverse_of_icmp),
	};
	return cmocka_run_group_tests_name("packet headers", tests, NULL, NULL);
}
