/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_rule.h"

/* Needed by the headers of libnftnl and of the kernel. */
#include <netinet/in.h>
#include <stdio.h>

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "kernel/table_expr.h"
#include "net/proto.h"

/* Header fields, in bytes from the start of their header. */
#define IPV4_SADDR 12
#define IPV4_DADDR 16
#define IPV6_SADDR 8
#define IPV6_DADDR 24
#define PORT_SOURCE 0
#define PORT_DESTINATION 2
#define TCP_FLAGS 13
#define TCP_RST 0x04

/* IPS_CONFIRMED of linux/netfilter/nf_conntrack_common.h. */
#define CT_STATUS_CONFIRMED (1u << 3)

static void load_payload(struct table_rule *rule, uint32_t base, uint32_t offset, uint32_t length)
{
	struct nftnl_expr *expr = rule_expr(rule, "payload");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, length);
}

static void compare(struct table_rule *rule, uint32_t relation, const void *data, uint32_t length)
{
	struct nftnl_expr *expr = rule_expr(rule, "cmp");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, relation);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, length);
}

static void test_u8(struct table_rule *rule, uint8_t value)
{
	compare(rule, NFT_CMP_EQ, &value, sizeof(value));
}

static void test_u32(struct table_rule *rule, uint32_t value)
{
	compare(rule, NFT_CMP_EQ, &value, sizeof(value));
}

static void test_family(struct table_rule *rule, int family)
{
	rule_load_meta(rule, NFT_META_NFPROTO);
	test_u8(rule, family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

static void test_proto(struct table_rule *rule, uint8_t proto)
{
	rule_load_meta(rule, NFT_META_L4PROTO);
	test_u8(rule, proto);
}

/* Of numbers of one or two bytes. */
static void test_range(struct table_rule *rule, const void *first, const void *last,
		       uint32_t length)
{
	static const uint8_t highest[] = {0xff, 0xff};
	if (memcmp(first, last, length) == 0) {
		compare(rule, NFT_CMP_EQ, first, length);
		return;
	}
	compare(rule, NFT_CMP_GTE, first, length);
	if (memcmp(last, highest, length) != 0)
		compare(rule, NFT_CMP_LTE, last, length);
}

void match_family(struct table_rule *rule, int family)
{
	rule_say(rule, "meta nfproto %s", family == AF_INET ? "ipv4" : "ipv6");
	test_family(rule, family);
}

void match_proto(struct table_rule *rule, uint8_t proto)
{
	char name[PROTO_TEXT_MAX];
	/* Not ipv6-icmp, as nft lists it: it would look that up in /etc/protocols. */
	rule_say(rule, "meta l4proto %s", proto_text(proto, name));
	test_proto(rule, proto);
}

void match_other_proto(struct table_rule *rule, uint8_t proto)
{
	char name[PROTO_TEXT_MAX];
	rule_say(rule, "meta l4proto != %s", proto_text(proto, name));
	rule_load_meta(rule, NFT_META_L4PROTO);
	compare(rule, NFT_CMP_NEQ, &proto, sizeof(proto));
}

void match_ports(struct table_rule *rule, uint8_t proto, bool matched, enum table_end end,
		 uint16_t first, uint16_t last)
{
	char name[PROTO_TEXT_MAX], ports[sizeof("65535-65535")];
	uint16_t low = htons(first), high = htons(last);
	bool source = end == TABLE_SOURCE;
	snprintf(ports, sizeof(ports),
		 first == last        ? "%u"
		 : last == UINT16_MAX ? ">= %u"
				      : "%u-%u",
		 first, last);
	rule_say(rule, "%s %s %s", proto_text(proto, name), source ? "sport" : "dport", ports);
	if (!matched)
		test_proto(rule, proto);
	load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, source ? PORT_SOURCE : PORT_DESTINATION,
		     sizeof(low));
	test_range(rule, &low, &high, sizeof(low));
}

void match_icmpv6_types(struct table_rule *rule, uint8_t first, uint8_t last)
{
	rule_say(rule, "icmpv6 type %u-%u", first, last);
	test_family(rule, AF_INET6);
	test_proto(rule, IPPROTO_ICMPV6);
	load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(first));
	test_range(rule, &first, &last, sizeof(first));
}

void match_prefix(struct table_rule *rule, enum table_end end, const struct prefix *prefix)
{
	char text[ADDR_PORT_TEXT_MAX];
	uint8_t mask[16] = {0}, none[16] = {0};
	uint32_t length = (uint32_t)addr_size(&prefix->addr);
	bool v4 = prefix->addr.family == AF_INET, source = end == TABLE_SOURCE;
	uint32_t offset =
		v4 ? (source ? IPV4_SADDR : IPV4_DADDR) : (source ? IPV6_SADDR : IPV6_DADDR);
	if (prefix->length == 0) {
		match_family(rule, prefix->addr.family);
		return;
	}
	rule_say(rule, "%s %s %s", v4 ? "ip" : "ip6", source ? "saddr" : "daddr",
		 prefix_text(prefix, text));
	test_family(rule, prefix->addr.family);
	load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, length);
	for (unsigned bit = 0; bit < prefix->length; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	if (prefix->length < length * 8)
		rule_bitwise(rule, mask, none, length);
	compare(rule, NFT_CMP_EQ, prefix->addr.bytes, length);
}

void match_unicast4(struct table_rule *rule)
{
	const uint32_t last = htonl(0xdfffffff);
	rule_say(rule, "ip daddr <= 223.255.255.255");
	test_family(rule, AF_INET);
	load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, IPV4_DADDR, sizeof(last));
	compare(rule, NFT_CMP_LTE, &last, sizeof(last));
}

void match_interface(struct table_rule *rule, enum table_side side, const char *name)
{
	char padded[IFNAMSIZ] = {0};
	bool in = side == TABLE_INCOMING;
	memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
	rule_say(rule, "%s \"%s\"", in ? "iifname" : "oifname", padded);
	rule_load_meta(rule, in ? NFT_META_IIFNAME : NFT_META_OIFNAME);
	compare(rule, NFT_CMP_EQ, padded, sizeof(padded));
}

void match_interface_set(struct table_rule *rule, enum table_side side, const char *set)
{
	bool in = side == TABLE_INCOMING;
	rule_say(rule, "%s @%s", in ? "iifname" : "oifname", set);
	rule_load_meta(rule, in ? NFT_META_IIFNAME : NFT_META_OIFNAME);
	rule_lookup(rule, set);
}

void match_ct_state(struct table_rule *rule, uint32_t bits)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{TABLE_CT_INVALID, "invalid"},
		     {TABLE_CT_RELATED, "related"},
		     {TABLE_CT_UNTRACKED, "untracked"}};
	char list[64] = "";
	uint32_t none = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bits & names[i].bit)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
				 *list ? "," : "", names[i].name);
	rule_say(rule, "ct state %s", list);
	rule_load_ct(rule, NFT_CT_STATE);
	rule_bitwise_u32(rule, bits, 0);
	compare(rule, NFT_CMP_NEQ, &none, sizeof(none));
}

void match_ct_confirmed(struct table_rule *rule, bool is_confirmed)
{
	uint32_t none = 0;
	rule_say(rule, "ct status %sconfirmed", is_confirmed ? "" : "! ");
	rule_load_ct(rule, NFT_CT_STATUS);
	rule_bitwise_u32(rule, CT_STATUS_CONFIRMED, 0);
	compare(rule, is_confirmed ? NFT_CMP_NEQ : NFT_CMP_EQ, &none, sizeof(none));
}

void match_mark_bits(struct table_rule *rule, uint32_t mask)
{
	uint32_t none = 0;
	rule_say(rule, "meta mark & 0x%08x != 0x00000000", mask);
	rule_load_meta(rule, NFT_META_MARK);
	rule_bitwise_u32(rule, mask, 0);
	compare(rule, NFT_CMP_NEQ, &none, sizeof(none));
}

void match_tcp_reset(struct table_rule *rule)
{
	uint8_t flag = TCP_RST, none = 0;
	rule_say(rule, "tcp flags rst");
	test_proto(rule, IPPROTO_TCP);
	load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS, sizeof(flag));
	rule_bitwise(rule, &flag, &none, sizeof(flag));
	compare(rule, NFT_CMP_NEQ, &none, sizeof(none));
}

void match_ct_direction(struct table_rule *rule, bool original)
{
	rule_say(rule, "ct direction %s", original ? "original" : "reply");
	rule_load_ct(rule, NFT_CT_DIRECTION);
	test_u8(rule, original ? 0 : 1);
}

void match_ct_mark(struct table_rule *rule, uint32_t mask, const char *set)
{
	rule_say(rule, "ct mark & 0x%08x @%s", mask, set);
	rule_load_ct(rule, NFT_CT_MARK);
	rule_bitwise_u32(rule, mask, 0);
	rule_lookup(rule, set);
}

void match_no_ct_mark(struct table_rule *rule, uint32_t mask)
{
	rule_say(rule, "ct mark & 0x%08x == 0x00000000", mask);
	rule_load_ct(rule, NFT_CT_MARK);
	rule_bitwise_u32(rule, mask, 0);
	test_u32(rule, 0);
}

void match_destination_type(struct table_rule *rule, uint32_t type)
{
	struct nftnl_expr *expr = rule_expr(rule, "fib");
	rule_say(rule, "fib daddr type %s", type == RTN_BROADCAST ? "broadcast" : "multicast");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	test_u32(rule, type);
}

void match_above_rate(struct table_rule *rule, uint64_t bytes_per_s)
{
	struct nftnl_expr *expr = rule_expr(rule, "limit");
	rule_say(rule, "limit rate over %llu bytes/second", (unsigned long long)bytes_per_s);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, bytes_per_s);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, 0);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

void match_symhash(struct table_rule *rule, uint32_t modulus, uint32_t value)
{
	struct nftnl_expr *expr = rule_expr(rule, "hash");
	rule_say(rule, "symhash mod %u %u", modulus, value);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_HASH_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_HASH_MODULUS, modulus);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_HASH_TYPE, NFT_HASH_SYM);
	test_u32(rule, value);
}
