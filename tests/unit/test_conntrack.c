/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read of the messages with which ctnetlink answers. */
#include "fixture.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/conntrack_dump.h"
#include "kernel/conntrack_message.h"

struct message {
	char bytes[1024] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
};

static void begin(struct message *message, uint8_t family)
{
	*message = (struct message){0};
	message->nlh = conntrack_request(message->bytes, IPCTNL_MSG_CT_NEW, family);
}

static void put_addr(struct nlmsghdr *nlh, bool is_source, const char *text)
{
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), 0);
	if (addr.family == AF_INET)
		mnl_attr_put(nlh, is_source ? CTA_IP_V4_SRC : CTA_IP_V4_DST, 4, addr.bytes);
	else
		mnl_attr_put(nlh, is_source ? CTA_IP_V6_SRC : CTA_IP_V6_DST, 16, addr.bytes);
}

static struct nlattr *begin_tuple(struct nlmsghdr *nlh, uint16_t type, const char *saddr,
				  const char *daddr, uint8_t proto, struct nlattr **ret_proto)
{
	struct nlattr *tuple = mnl_attr_nest_start(nlh, type);
	struct nlattr *ip = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	put_addr(nlh, true, saddr);
	put_addr(nlh, false, daddr);
	mnl_attr_nest_end(nlh, ip);
	*ret_proto = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, proto);
	return tuple;
}

static void put_tuple(struct nlmsghdr *nlh, uint16_t type, const char *saddr, uint16_t sport,
		      const char *daddr, uint16_t dport)
{
	struct nlattr *proto, *tuple = begin_tuple(nlh, type, saddr, daddr, IPPROTO_TCP, &proto);
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(sport));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(dport));
	mnl_attr_nest_end(nlh, proto);
	mnl_attr_nest_end(nlh, tuple);
}

static void put_icmpv6_tuple(struct nlmsghdr *nlh, uint16_t type, uint8_t icmp_type)
{
	struct nlattr *proto, *tuple = begin_tuple(nlh, type, "2001:db8::1", "2001:db8::2",
						   IPPROTO_ICMPV6, &proto);
	mnl_attr_put_u16(nlh, CTA_PROTO_ICMPV6_ID, htons(77));
	mnl_attr_put_u8(nlh, CTA_PROTO_ICMPV6_TYPE, icmp_type);
	mnl_attr_put_u8(nlh, CTA_PROTO_ICMPV6_CODE, 3);
	mnl_attr_nest_end(nlh, proto);
	mnl_attr_nest_end(nlh, tuple);
}

static void put_counters(struct nlmsghdr *nlh, uint16_t type, uint64_t packets, uint64_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);
	mnl_attr_put_u64(nlh, CTA_COUNTERS_PACKETS, htobe64(packets));
	mnl_attr_put_u64(nlh, CTA_COUNTERS_BYTES, htobe64(bytes));
	mnl_attr_nest_end(nlh, nest);
}

/* A masqueraded download, with everything that the kernel can tell. */
static void build_download(struct message *message)
{
	struct nlmsghdr *nlh;
	begin(message, AF_INET);
	nlh = message->nlh;
	put_tuple(nlh, CTA_TUPLE_ORIG, "192.168.1.9", 40000, "203.0.113.5", 443);
	put_tuple(nlh, CTA_TUPLE_REPLY, "203.0.113.5", 443, "198.51.100.1", 61000);
	mnl_attr_put_u32(nlh, CTA_STATUS, htonl(0x18e));
	mnl_attr_put_u32(nlh, CTA_TIMEOUT, htonl(431999));
	mnl_attr_put_u32(nlh, CTA_MARK, htonl(0x03000007));
	mnl_attr_put_u32(nlh, CTA_ID, htonl(0xfedcba98));
	mnl_attr_put_u16(nlh, CTA_ZONE, htons(5));
	put_counters(nlh, CTA_COUNTERS_ORIG, 10, 520);
	put_counters(nlh, CTA_COUNTERS_REPLY, 5000000000u, 7000000000000u);
	struct nlattr *times = mnl_attr_nest_start(nlh, CTA_TIMESTAMP);
	mnl_attr_put_u64(nlh, CTA_TIMESTAMP_START, htobe64(1700000000123456789u));
	mnl_attr_nest_end(nlh, times);
}

static void assert_addr(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT_MAX];
	assert_string_equal(addr_text(addr, text), expected);
}

static void test_everything(void **state)
{
	struct message message;
	struct connection connection;
	(void)state;
	build_download(&message);
	assert_int_equal(conntrack_parse(message.nlh, &connection), 0);
	assert_int_equal(connection.family, AF_INET);
	assert_int_equal(connection.proto, IPPROTO_TCP);
	assert_addr(&connection.original.saddr, "192.168.1.9");
	assert_addr(&connection.original.daddr, "203.0.113.5");
	assert_int_equal(connection.original.sport, 40000);
	assert_int_equal(connection.original.dport, 443);
	assert_addr(&connection.reply.saddr, "203.0.113.5");
	assert_addr(&connection.reply.daddr, "198.51.100.1");
	assert_int_equal(connection.reply.sport, 443);
	assert_int_equal(connection.reply.dport, 61000);
	assert_int_equal(connection.zone, 5);
	assert_int_equal(connection.id, 0xfedcba98);
	assert_int_equal(connection.mark, 0x03000007);
	assert_int_equal(connection.status, 0x18e);
	assert_int_equal(connection.timeout_s, 431999);
	assert_true(connection.has_counters);
	assert_int_equal(connection.packets[0], 10);
	assert_int_equal(connection.bytes[0], 520);
	assert_int_equal(connection.packets[1], 5000000000u);
	assert_int_equal(connection.bytes[1], 7000000000000u);
	assert_int_equal(connection.started_ns, 1700000000123456789u);
	assert_int_equal(mnl_attr_get_type(connection.original_attr), CTA_TUPLE_ORIG);
	assert_int_equal(mnl_attr_get_type(connection.zone_attr), CTA_ZONE);
}

static void test_least(void **state)
{
	struct message message;
	struct connection connection;
	(void)state;
	begin(&message, AF_INET6);
	put_icmpv6_tuple(message.nlh, CTA_TUPLE_ORIG, 128);
	put_icmpv6_tuple(message.nlh, CTA_TUPLE_REPLY, 129);
	assert_int_equal(conntrack_parse(message.nlh, &connection), 0);
	assert_int_equal(connection.proto, IPPROTO_ICMPV6);
	assert_addr(&connection.original.saddr, "2001:db8::1");
	assert_int_equal(connection.original.icmp_type, 128);
	assert_int_equal(connection.original.icmp_code, 3);
	assert_int_equal(connection.original.icmp_id, 77);
	assert_int_equal(connection.reply.icmp_type, 129);
	assert_int_equal(connection.original.sport, 0);
	assert_int_equal(connection.mark, 0);
	assert_int_equal(connection.zone, 0);
	assert_false(connection.has_counters);
	assert_int_equal(connection.started_ns, 0);
	assert_null(connection.zone_attr);
	assert_false(connection.has_master);
}

static void test_expected(void **state)
{
	struct message message;
	struct connection connection;
	(void)state;
	begin(&message, AF_INET);
	put_tuple(message.nlh, CTA_TUPLE_ORIG, "192.0.2.1", 20, "192.0.2.2", 50000);
	put_tuple(message.nlh, CTA_TUPLE_REPLY, "192.0.2.2", 50000, "192.0.2.1", 20);
	put_tuple(message.nlh, CTA_TUPLE_MASTER, "192.0.2.2", 40000, "192.0.2.1", 21);
	assert_int_equal(conntrack_parse(message.nlh, &connection), 0);
	assert_true(connection.has_master);
	assert_int_equal(connection.master_proto, IPPROTO_TCP);
	assert_int_equal(connection.master.dport, 21);
	assert_int_equal(connection.original.sport, 20);
}

static void test_no_tuple(void **state)
{
	struct message message;
	struct connection connection;
	(void)state;
	begin(&message, AF_INET);
	put_tuple(message.nlh, CTA_TUPLE_ORIG, "192.0.2.1", 1, "192.0.2.2", 2);
	assert_int_equal(conntrack_parse(message.nlh, &connection), -EBADMSG);
	begin(&message, AF_INET);
	mnl_attr_put_u32(message.nlh, CTA_MARK, htonl(1));
	assert_int_equal(conntrack_parse(message.nlh, &connection), -EBADMSG);
}

/* A message that ends too early, at any byte, is read up to there and no further. */
static void test_cut(void **state)
{
	struct message whole;
	struct connection connection;
	(void)state;
	build_download(&whole);
	uint32_t length = whole.nlh->nlmsg_len;
	for (uint32_t cut = NLMSG_HDRLEN; cut < length; cut++) {
		/* Netlink fills messages up to a multiple of four, and libmnl counts on it. */
		struct nlmsghdr *copy = calloc(1, MNL_ALIGN(cut));
		assert_non_null(copy);
		memcpy(copy, whole.nlh, cut);
		copy->nlmsg_len = cut;
		int result = conntrack_parse(copy, &connection);
		assert_true(result == 0 || result == -EBADMSG);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything), cmocka_unit_test(test_least),
		cmocka_unit_test(test_expected),   cmocka_unit_test(test_no_tuple),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
