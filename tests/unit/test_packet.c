/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each packet is parsed from a heap copy of its exact size, so that the address sanitizer sees a
 * read behind the end.
 */
#include "packet_bytes.h"

#include <errno.h>
#include <sys/socket.h>

static void assert_ports(const struct packet *packet, uint8_t proto)
{
	assert_int_equal(packet->proto, proto);
	assert_int_equal(packet->dscp, 46);
	assert_true(packet->has_ports);
	assert_false(packet->has_icmp);
	assert_int_equal(packet->sport, 1025);
	assert_int_equal(packet->dport, 53);
	assert_true(packet->has_payload_word);
	assert_int_equal(packet->payload_word, 0x04010035);
}

static void test_ipv4_ports(void **state)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP,
					 IPPROTO_DCCP};
	static const size_t options[] = {0, 4, 40};
	char text[ADDR_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(protos) * 3; i++) {
		struct packet packet;
		struct bytes bytes = ipv4(protos[i / 3], options[i % 3], 20, 0);
		add_upper(&bytes);
		assert_int_equal(parse_whole(&bytes, &packet), 0);
		assert_ports(&packet, protos[i / 3]);
		assert_int_equal(packet.length, 40 + options[i % 3]);
		assert_string_equal(addr_text(&packet.src, text), "192.0.2.1");
		assert_string_equal(addr_text(&packet.dst, text), "198.51.100.2");
	}
}

static void test_icmp(void **state)
{
	struct packet packet;
	struct bytes four = ipv4(IPPROTO_ICMP, 0, 20, 0), six = ipv6(IPPROTO_ICMPV6, 20);
	struct bytes strange = ipv4(IPPROTO_ICMPV6, 0, 20, 0);
	(void)state;
	add_upper(&four);
	add_upper(&six);
	add_upper(&strange);
	assert_int_equal(parse_whole(&four, &packet), 0);
	assert_true(packet.has_icmp && !packet.has_ports);
	assert_int_equal(packet.icmp_type << 8 | packet.icmp_code, 0x0401);
	assert_int_equal(parse_whole(&six, &packet), 0);
	assert_true(packet.has_icmp && !packet.has_ports);
	assert_int_equal(packet.icmp_type << 8 | packet.icmp_code, 0x0401);
	assert_false(packet.has_icmp_id);
	/* A request, its answer, and a copy that ends before the identifier. */
	for (unsigned i = 0; i < 2; i++) {
		struct bytes echo = ipv4(IPPROTO_ICMP, 0, 8, 0);
		struct packet back;
		ADD(&echo, i ? 0 : 8, 0, 0, 0, 0x12, 0x34, 0, 1);
		assert_int_equal(parse_whole(&echo, &packet), 0);
		assert_true(packet.has_icmp_id);
		assert_int_equal(packet.icmp_id, 0x1234);
		back = packet_reverse(&packet);
		assert_int_equal(back.icmp_type, i ? 8 : 0);
		assert_int_equal(back.icmp_id, 0x1234);
		assert_int_equal(packet_parse(echo.at, echo.length - 4, echo.length, &packet), 0);
		assert_true(packet.has_icmp && !packet.has_icmp_id);
	}
	/* ICMPv6 belongs to IPv6 only. */
	assert_int_equal(parse_whole(&strange, &packet), 0);
	assert_int_equal(packet.proto, IPPROTO_ICMPV6);
	assert_false(packet.has_icmp);
}

static void test_ipv4_fragments(void **state)
{
	struct packet packet;
	struct bytes first = ipv4(IPPROTO_TCP, 0, 8, 0x2000), later = ipv4(IPPROTO_TCP, 0, 20, 1);
	struct bytes last = ipv4(IPPROTO_ICMP, 0, 1, 0x1fff);
	(void)state;
	/* Eight bytes of a TCP header are allowed where more follow. */
	ADD(&first, 4, 1, 0, 53, 0, 0, 0, 0);
	assert_int_equal(parse_whole(&first, &packet), 0);
	assert_ports(&packet, IPPROTO_TCP);
	add_upper(&later);
	assert_int_equal(parse_whole(&later, &packet), 0);
	assert_int_equal(packet.proto, IPPROTO_TCP);
	assert_false(packet.has_ports || packet.has_payload_word);
	ADD(&last, 1);
	assert_int_equal(parse_whole(&last, &packet), 0);
	assert_false(packet.has_icmp || packet.has_payload_word);
}

static void test_other_protocols(void **state)
{
	struct packet packet;
	struct bytes gre = ipv4(IPPROTO_GRE, 0, 4, 0), empty = ipv4(200, 0, 0, 0);
	struct bytes esp = ipv6(IPPROTO_ESP, 20), none = ipv6(IPPROTO_NONE, 0);
	(void)state;
	ADD(&gre, 1, 2, 3, 4);
	assert_int_equal(parse_whole(&gre, &packet), 0);
	assert_int_equal(packet.proto, IPPROTO_GRE);
	assert_false(packet.has_ports || packet.has_icmp);
	assert_int_equal(packet.payload_word, 0x01020304);
	/* A short copy costs an unknown protocol its word, nothing else. */
	assert_int_equal(parse(gre.at, 22, gre.length, &packet), 0);
	assert_false(packet.has_payload_word);
	assert_int_equal(parse_whole(&empty, &packet), 0);
	assert_int_equal(packet.proto, 200);
	assert_false(packet.has_payload_word);
	add_upper(&esp);
	assert_int_equal(parse_whole(&esp, &packet), 0);
	assert_int_equal(packet.proto, IPPROTO_ESP);
	assert_false(packet.has_ports);
	assert_int_equal(packet.payload_word, 0x04010035);
	assert_int_equal(parse_whole(&none, &packet), 0);
	assert_int_equal(packet.proto, IPPROTO_NONE);
	assert_false(packet.has_payload_word);
}

static void test_ipv6_extensions(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct packet packet;
	struct bytes bytes = ipv6(IPPROTO_HOPOPTS, 8 + 24 + 16 + 8 + 12 + 8 + 8 + 8 + 20);
	(void)state;
	ADD(&bytes, IPPROTO_ROUTING, 0, 1, 4, 0, 0, 0, 0);
	ADD(&bytes, IPPROTO_DSTOPTS, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0);
	ADD(&bytes, IPPROTO_FRAGMENT, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	ADD(&bytes, IPPROTO_AH, 0xff, 0, 0, 0, 0, 0, 1); /* whole: offset 0, no more to come */
	ADD(&bytes, IPPROTO_MH, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	ADD(&bytes, 139, 0, 0, 0, 0, 0, 0, 0);
	ADD(&bytes, 140, 0, 0, 0, 0, 0, 0, 0);
	ADD(&bytes, IPPROTO_TCP, 0, 0, 0, 0, 0, 0, 0);
	add_upper(&bytes);
	assert_int_equal(parse_whole(&bytes, &packet), 0);
	assert_ports(&packet, IPPROTO_TCP);
	assert_int_equal(packet.length, bytes.length);
	assert_string_equal(addr_text(&packet.src, text), "2001:db8::1");
	assert_string_equal(addr_text(&packet.dst, text), "2001:db8::2");
}

static void test_ipv6_fragments(void **state)
{
	struct packet packet;
	struct bytes first = ipv6(IPPROTO_FRAGMENT, 16), later = ipv6(IPPROTO_FRAGMENT, 28);
	(void)state;
	ADD(&first, IPPROTO_UDP, 0, 0, 1, 0, 0, 0, 9, 4, 1, 0, 53, 0, 8, 0, 0);
	assert_int_equal(parse_whole(&first, &packet), 0);
	assert_ports(&packet, IPPROTO_UDP);
	ADD(&later, IPPROTO_UDP, 0, 0, 8, 0, 0, 0, 9);
	add_upper(&later);
	assert_int_equal(parse_whole(&later, &packet), 0);
	assert_int_equal(packet.proto, IPPROTO_UDP);
	assert_false(packet.has_ports || packet.has_payload_word);
}

static void test_mobility_is_a_protocol(void **state)
{
	struct packet packet;
	struct bytes bytes = ipv6(IPPROTO_MH, 8);
	(void)state;
	ADD(&bytes, IPPROTO_NONE, 0, 5, 0, 1, 2, 3, 4);
	assert_int_equal(parse_whole(&bytes, &packet), 0);
	assert_int_equal(packet.proto, IPPROTO_MH);
	assert_int_equal(packet.payload_word, 0x3b000500);
}

static void test_chain_is_bounded(void **state)
{
	struct packet packet;
	(void)state;
	for (int headers = 15; headers <= 16; headers++) {
		struct bytes bytes = ipv6(IPPROTO_DSTOPTS, (size_t)headers * 8 + 20);
		for (int i = 1; i <= headers; i++)
			ADD(&bytes, i < headers ? IPPROTO_DSTOPTS : IPPROTO_TCP, 0, 1, 4, 0, 0, 0,
			    0);
		add_upper(&bytes);
		assert_int_equal(parse_whole(&bytes, &packet), headers == 15 ? 0 : -EBADMSG);
	}
}

/* The copy may end anywhere: -ENODATA up to the ports, then success with the true length. */
static void test_short_copies(void **state)
{
	struct packet packet;
	struct bytes four = ipv4(IPPROTO_TCP, 8, 20, 0), six = ipv6(IPPROTO_DSTOPTS, 36);
	(void)state;
	add_upper(&four);
	ADD(&six, IPPROTO_UDP, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	add_upper(&six);
	for (size_t captured = 0; captured < four.length; captured++)
		assert_int_equal(parse(four.at, captured, four.length, &packet),
				 captured < 32 ? -ENODATA : 0);
	for (size_t captured = 0; captured < six.length; captured++)
		assert_int_equal(parse(six.at, captured, six.length, &packet),
				 captured < 60 ? -ENODATA : 0);
	assert_int_equal(packet.length, six.length);
	assert_ports(&packet, IPPROTO_UDP);
}

/* The packet may end anywhere: then its header lies, whatever the copy holds. */
static void test_short_packets(void **state)
{
	struct packet packet;
	struct bytes four = ipv4(IPPROTO_TCP, 8, 20, 0), six = ipv6(IPPROTO_UDP, 8);
	(void)state;
	add_upper(&four);
	ADD(&six, 4, 1, 0, 53, 0, 8, 0, 0);
	for (size_t length = 0; length < four.length; length++)
		assert_int_equal(parse(four.at, length, length, &packet), -EBADMSG);
	for (size_t length = 0; length < six.length; length++)
		assert_int_equal(parse(six.at, length, length, &packet), -EBADMSG);
	/* More was copied than the packet has. */
	assert_int_equal(parse(four.at, four.length, 30, &packet), -EBADMSG);
	/* Consistent lengths, but no room for the upper header. */
	struct bytes tcp = ipv4(IPPROTO_TCP, 0, 19, 0), udp = ipv6(IPPROTO_UDP, 7);
	add_upper(&tcp);
	add_upper(&udp);
	assert_int_equal(parse_whole(&tcp, &packet), -EBADMSG);
	assert_int_equal(parse_whole(&udp, &packet), -EBADMSG);
}

static void test_contradictions(void **state)
{
	struct packet packet, untouched;
	struct bytes good = ipv4(IPPROTO_UDP, 0, 20, 0), hop = ipv6(IPPROTO_DSTOPTS, 16);
	(void)state;
	add_upper(&good);
	memset(&packet, 0x5a, sizeof(packet));
	memset(&untouched, 0x5a, sizeof(untouched));
	static const uint8_t firsts[] = {0x00, 0x44, 0x4f, 0x55, 0xf5};
	for (size_t i = 0; i < sizeof(firsts); i++) {
		struct bytes bad = good;
		bad.at[0] = firsts[i];
		assert_int_equal(parse_whole(&bad, &packet), -EBADMSG);
	}
	/* Total length: shorter than the header, longer than the packet. */
	static const uint8_t totals[] = {19, 41};
	for (size_t i = 0; i < sizeof(totals); i++) {
		struct bytes bad = good;
		bad.at[3] = totals[i];
		assert_int_equal(parse_whole(&bad, &packet), -EBADMSG);
	}
	/* Hop-by-hop options behind another header; an extension longer than the packet. */
	ADD(&hop, IPPROTO_HOPOPTS, 0, 1, 4, 0, 0, 0, 0, IPPROTO_NONE, 0, 1, 4, 0, 0, 0, 0);
	assert_int_equal(parse_whole(&hop, &packet), -EBADMSG);
	hop.at[40] = IPPROTO_NONE;
	hop.at[41] = 2;
	assert_int_equal(parse_whole(&hop, &packet), -EBADMSG);
	assert_memory_equal(&packet, &untouched, sizeof(packet));
}

/* Padding behind the packet does not count; a length of 0 is a GSO packet of over 64 KiB. */
static void test_lengths(void **state)
{
	struct packet packet;
	struct bytes padded = ipv4(IPPROTO_GRE, 0, 2, 0), four = ipv4(IPPROTO_TCP, 0, 20, 0);
	struct bytes six = ipv6(IPPROTO_TCP, 0);
	(void)state;
	ADD(&padded, 1, 2, 3, 4);
	assert_int_equal(parse_whole(&padded, &packet), 0);
	assert_false(packet.has_payload_word);
	assert_int_equal(packet.length, 24);
	add_upper(&four);
	four.at[2] = four.at[3] = 0;
	assert_int_equal(parse(four.at, four.length, 190000, &packet), 0);
	assert_ports(&packet, IPPROTO_TCP);
	assert_int_equal(packet.length, 190000);
	add_upper(&six);
	assert_int_equal(parse(six.at, six.length, 190000, &packet), 0);
	assert_ports(&packet, IPPROTO_TCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_ports),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_ipv4_fragments),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_ipv6_extensions),
		cmocka_unit_test(test_ipv6_fragments),
		cmocka_unit_test(test_mobility_is_a_protocol),
		cmocka_unit_test(test_chain_is_bounded),
		cmocka_unit_test(test_short_copies),
		cmocka_unit_test(test_short_packets),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
