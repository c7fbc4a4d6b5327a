/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules are built, packed into a netlink message, unpacked again as the kernel would and shown in
 * libnftnl's words, beside their own text for nft. No root.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/rtnetlink.h>

#include "kernel/table_rule.h"
#include "nfshaper/mark.h"

#define SHOWN_MAX 2048

/* What the kernel gets of a rule; the caller frees it. */
static struct nftnl_rule *sent(const struct table_rule *rule)
{
	static char buffer[65536] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
	struct nftnl_rule *copy = nftnl_rule_alloc();
	memset(buffer, 0, sizeof(buffer));
	nlh = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_NEWRULE, NFPROTO_INET, 0, 0);
	nftnl_rule_nlmsg_build_payload(nlh, rule->nl);
	assert_int_equal(nftnl_rule_nlmsg_parse(nlh, copy), 0);
	return copy;
}

static int show(struct nftnl_expr *expr, void *data)
{
	char *shown = data;
	size_t used = strlen(shown);
	if (used) {
		strcpy(shown + used, "; ");
		used += 2;
	}
	used += (size_t)snprintf(shown + used, SHOWN_MAX - used, "%s ",
				 nftnl_expr_get_str(expr, NFTNL_EXPR_NAME));
	nftnl_expr_snprintf(shown + used, SHOWN_MAX - used, expr, NFTNL_OUTPUT_DEFAULT, 0);
	for (used = strlen(shown); used && shown[used - 1] == ' '; used--)
		shown[used - 1] = '\0';
	return 0;
}

static void expect(const struct table_rule *rule, const char *text, const char *expressions)
{
	char shown[SHOWN_MAX] = "";
	struct nftnl_rule *copy = sent(rule);
	nftnl_expr_foreach(copy, show, shown);
	nftnl_rule_free(copy);
	assert_string_equal(rule->text, text);
	assert_string_equal(shown, expressions);
}

static int start(void **state)
{
	*state = table_model_new("test");
	return 0;
}

static int end(void **state)
{
	table_model_free(*state);
	return 0;
}

static struct table_rule *new_rule(void **state)
{
	return table_chain_rule(table_model_chain(*state, "chain", NULL, NULL));
}

static void test_ct_words(void **state)
{
	struct table_rule *rule = new_rule(state);
	set_ct_mark(rule, 0x00fff000, 0x00123000);
	expect(rule, "ct mark set ct mark & 0xff000fff | 0x00123000",
	       "ct load mark => reg 1; bitwise reg 1 = ( reg 1 & 0xff000fff ) ^ 0x00123000; ct set "
	       "mark with reg 1");
	rule = new_rule(state);
	match_ct_mark(rule, 0xff000000, "settled");
	verdict_accept(rule);
	expect(rule, "ct mark & 0xff000000 @settled accept",
	       "ct load mark => reg 1; bitwise reg 1 = ( reg 1 & 0xff000000 ) ^ 0x00000000; lookup "
	       "reg 1 set settled; immediate reg 0 accept");
	rule = new_rule(state);
	match_ct_direction(rule, true);
	verdict_by_ct_mark(rule, 0xff000000, "refused");
	expect(rule, "ct direction original ct mark & 0xff000000 vmap @refused",
	       "ct load direction => reg 1; cmp eq reg 1 0x00000000; ct load mark => reg 1; "
	       "bitwise reg 1 = ( reg 1 & 0xff000000 ) ^ 0x00000000; lookup reg 1 set refused dreg "
	       "0");
	rule = new_rule(state);
	match_no_ct_mark(rule, 0xff000000);
	expect(rule, "ct mark & 0xff000000 == 0x00000000",
	       "ct load mark => reg 1; bitwise reg 1 = ( reg 1 & 0xff000000 ) ^ 0x00000000; cmp eq "
	       "reg 1 0x00000000");
	rule = new_rule(state);
	match_ct_confirmed(rule, true);
	match_ct_confirmed(rule, false);
	expect(rule, "ct status confirmed ct status ! confirmed",
	       "ct load status => reg 1; bitwise reg 1 = ( reg 1 & 0x00000008 ) ^ 0x00000000; cmp "
	       "neq reg 1 0x00000000; ct load status => reg 1; bitwise reg 1 = ( reg 1 & "
	       "0x00000008 ) ^ 0x00000000; cmp eq reg 1 0x00000000");
	rule = new_rule(state);
	match_ct_direction(rule, false);
	verdict_drop(rule);
	expect(rule, "ct direction reply drop",
	       "ct load direction => reg 1; cmp eq reg 1 0x00000001; immediate reg 0 drop");
	rule = new_rule(state);
	match_ct_state(rule, TABLE_CT_INVALID | TABLE_CT_UNTRACKED);
	expect(rule, "ct state invalid,untracked",
	       "ct load state => reg 1; bitwise reg 1 = ( reg 1 & 0x00000041 ) ^ 0x00000000; cmp "
	       "neq reg 1 0x00000000");
}

static void test_priority_words(void **state)
{
	struct table_rule *rule = new_rule(state);
	set_priority(rule, 0);
	expect(rule, "meta priority set none",
	       "immediate reg 1 0x00000000; meta set priority with reg 1");
	rule = new_rule(state);
	set_priority(rule, nfshaper_classid(0x1a));
	expect(rule, "meta priority set 1:1a",
	       "immediate reg 1 0x0001001a; meta set priority with reg 1");
	rule = new_rule(state);
	verdict_by_priority(rule, "store");
	expect(rule, "meta priority vmap @store",
	       "meta load priority => reg 1; lookup reg 1 set store dreg 0");
	rule = new_rule(state);
	set_priority_by_ct_mark(rule, 0x0000ff00, "classid");
	expect(rule, "meta priority set ct mark & 0x0000ff00 map @classid",
	       "ct load mark => reg 1; bitwise reg 1 = ( reg 1 & 0x0000ff00 ) ^ 0x00000000; lookup "
	       "reg 1 set classid dreg 1; meta set priority with reg 1");
}

static void test_header_words(void **state)
{
	struct prefix prefix;
	struct table_rule *rule = new_rule(state);
	match_ports(rule, IPPROTO_TCP, false, TABLE_DESTINATION, 22, 22);
	expect(rule, "tcp dport 22",
	       "meta load l4proto => reg 1; cmp eq reg 1 0x00000006; payload load 2b @ transport "
	       "header + 2 => reg 1; cmp eq reg 1 0x00001600");
	rule = new_rule(state);
	match_other_proto(rule, IPPROTO_TCP);
	expect(rule, "meta l4proto != tcp", "meta load l4proto => reg 1; cmp neq reg 1 0x00000006");
	rule = new_rule(state);
	match_ports(rule, IPPROTO_UDP, true, TABLE_SOURCE, 67, 68);
	expect(rule, "udp sport 67-68",
	       "payload load 2b @ transport header + 0 => reg 1; cmp gte reg 1 0x00004300; cmp lte "
	       "reg 1 0x00004400");
	rule = new_rule(state);
	match_ports(rule, IPPROTO_UDP, true, TABLE_DESTINATION, 548, UINT16_MAX);
	expect(rule, "udp dport >= 548",
	       "payload load 2b @ transport header + 2 => reg 1; cmp gte reg 1 0x00002402");
	rule = new_rule(state);
	match_unicast4(rule);
	expect(rule, "ip daddr <= 223.255.255.255",
	       "meta load nfproto => reg 1; cmp eq reg 1 0x00000002; payload load 4b @ network "
	       "header + 16 => reg 1; cmp lte reg 1 0xffffffdf");
	rule = new_rule(state);
	assert_int_equal(prefix_parse("192.0.2.128/25", &prefix), 0);
	match_prefix(rule, TABLE_SOURCE, &prefix);
	expect(rule, "ip saddr 192.0.2.128/25",
	       "meta load nfproto => reg 1; cmp eq reg 1 0x00000002; payload load 4b @ network "
	       "header + 12 => reg 1; bitwise reg 1 = ( reg 1 & 0x80ffffff ) ^ 0x00000000; cmp eq "
	       "reg 1 0x800200c0");
	rule = new_rule(state);
	assert_int_equal(prefix_parse("2001:db8::1", &prefix), 0);
	match_prefix(rule, TABLE_DESTINATION, &prefix);
	expect(rule, "ip6 daddr 2001:db8::1/128",
	       "meta load nfproto => reg 1; cmp eq reg 1 0x0000000a; payload load 16b @ network "
	       "header + 24 => reg 1; cmp eq reg 1 0xb80d0120 0x00000000 0x00000000 0x01000000");
	rule = new_rule(state);
	assert_int_equal(prefix_parse("::/0", &prefix), 0);
	match_prefix(rule, TABLE_SOURCE, &prefix);
	expect(rule, "meta nfproto ipv6", "meta load nfproto => reg 1; cmp eq reg 1 0x0000000a");
	rule = new_rule(state);
	match_icmpv6_types(rule, 133, 137);
	expect(rule, "icmpv6 type 133-137",
	       "meta load nfproto => reg 1; cmp eq reg 1 0x0000000a; meta load l4proto => reg 1; "
	       "cmp eq reg 1 0x0000003a; payload load 1b @ transport header + 0 => reg 1; cmp gte "
	       "reg 1 0x00000085; cmp lte reg 1 0x00000089");
}

static void test_other_words(void **state)
{
	struct table_rule *rule = new_rule(state);
	match_interface(rule, TABLE_OUTGOING, "lo");
	verdict_goto(rule, "there");
	expect(rule, "oifname \"lo\" goto there",
	       "meta load oifname => reg 1; cmp eq reg 1 0x00006f6c 0x00000000 0x00000000 "
	       "0x00000000; immediate reg 0 goto -> there");
	rule = new_rule(state);
	match_interface_set(rule, TABLE_INCOMING, "shaped");
	verdict_jump(rule, "there");
	expect(rule, "iifname @shaped jump there",
	       "meta load iifname => reg 1; lookup reg 1 set shaped; immediate reg 0 jump -> "
	       "there");
	rule = new_rule(state);
	match_destination_type(rule, RTN_MULTICAST);
	count_named(rule, "exempt");
	expect(rule, "fib daddr type multicast counter name exempt",
	       "fib daddr type => reg 1; cmp eq reg 1 0x00000005; objref type 1 name exempt");
	rule = new_rule(state);
	match_symhash(rule, 4, 2);
	verdict_queue(rule, QUEUE_NATIVE, 12, true);
	expect(rule, "symhash mod 4 2 queue flags bypass to 12",
	       "hash reg 1 = symhash() % mod 4; cmp eq reg 1 0x00000002; queue num 12 bypass");
	rule = new_rule(state);
	match_proto(rule, IPPROTO_TCP);
	verdict_tcp_reset(rule);
	expect(rule, "meta l4proto tcp reject with tcp reset",
	       "meta load l4proto => reg 1; cmp eq reg 1 0x00000006; reject type 1 code 0");
	rule = new_rule(state);
	verdict_prohibited(rule);
	expect(rule, "reject with icmpx admin-prohibited", "reject type 2 code 3");
}

static int check_target(struct nftnl_expr *expr, void *data)
{
	const struct xt_NFQ_info_v3 *expected = data;
	uint32_t length;
	const void *info = nftnl_expr_get(expr, NFTNL_EXPR_TG_INFO, &length);
	assert_string_equal(nftnl_expr_get_str(expr, NFTNL_EXPR_TG_NAME), "NFQUEUE");
	assert_int_equal(nftnl_expr_get_u32(expr, NFTNL_EXPR_TG_REV), 3);
	assert_int_equal(length, 8);
	assert_memory_equal(info, expected, sizeof(*expected));
	return 0;
}

static void test_compat_queue(void **state)
{
	struct xt_NFQ_info_v3 open = {12, 1, NFQ_FLAG_BYPASS}, closed = {65535, 1, 0};
	struct table_rule *rule = new_rule(state);
	struct nftnl_rule *copy;
	verdict_queue(rule, QUEUE_COMPAT, 12, true);
	assert_string_equal(rule->text, "queue flags bypass to 12");
	copy = sent(rule);
	nftnl_expr_foreach(copy, check_target, &open);
	nftnl_rule_free(copy);
	rule = new_rule(state);
	verdict_queue(rule, QUEUE_COMPAT, 65535, false);
	assert_string_equal(rule->text, "queue to 65535");
	copy = sent(rule);
	nftnl_expr_foreach(copy, check_target, &closed);
	nftnl_rule_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ct_words, start, end),
		cmocka_unit_test_setup_teardown(test_priority_words, start, end),
		cmocka_unit_test_setup_teardown(test_header_words, start, end),
		cmocka_unit_test_setup_teardown(test_other_words, start, end),
		cmocka_unit_test_setup_teardown(test_compat_queue, start, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
