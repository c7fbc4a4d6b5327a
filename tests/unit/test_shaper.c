/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures, messages and printed commands of the shaper; no root needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>

#include "kernel/shaper.h"
#include "kernel/shaper_leaf.h"
#include "kernel/shaper_message.h"
#include "kernel/shaper_rates.h"

#define MBIT 1000000ull
#define GBIT 1000000000ull

static char room[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
static const struct shaper_target target = {room, 7};
static const struct shaper_line plain = {0, LINK_ETHERNET};

static void bytes_are_whole_and_never_none(void **state)
{
	(void)state;
	assert_int_equal(shaper_bytes_per_s(8), 1);
	assert_int_equal(shaper_bytes_per_s(1), 1);
	assert_int_equal(shaper_bytes_per_s(15), 1);
	assert_int_equal(shaper_bytes_per_s(MBIT), 125000);
}

static void burst_is_a_tick_and_a_frame(void **state)
{
	(void)state;
	assert_int_equal(shaper_burst_bytes(&plain, 8000), 4 + 1600);
	assert_int_equal(shaper_burst_bytes(&plain, GBIT), 500000 + 1600);
	assert_int_equal(shaper_burst_bytes(&plain, UINT64_MAX), UINT32_MAX);
}

static void ticks_are_64_ns(void **state)
{
	(void)state;
	/* 1 s */
	assert_int_equal(shaper_burst_ticks(125000, MBIT), 15625000);
	/* 4 ms and 12.8 us, of which whole microseconds count: 4012 us */
	assert_int_equal(shaper_burst_ticks(501600, GBIT), 4012ull * 1000 / 64);
	assert_int_equal(shaper_burst_ticks(1600, 8), UINT32_MAX);
	assert_int_equal(shaper_burst_ticks(1, 400 * GBIT), 1);
}

static void quantum_follows_the_rate(void **state)
{
	(void)state;
	assert_int_equal(shaper_quantum_bytes(8000), 1600);
	assert_int_equal(shaper_quantum_bytes(8 * MBIT), 10000);
	assert_int_equal(shaper_quantum_bytes(16 * MBIT), 20000);
	assert_int_equal(shaper_quantum_bytes(10 * GBIT), 200000);
}

static void from_8_kbit_to_10_gbit(void **state)
{
	(void)state;
	for (uint64_t bps = 8000; bps <= 10 * GBIT; bps = bps < 5 * GBIT ? bps * 2 : bps + GBIT) {
		uint32_t burst = shaper_burst_bytes(&plain, bps);
		uint32_t quantum = shaper_quantum_bytes(bps);
		uint64_t ticks = shaper_burst_ticks(burst, bps);
		/* A frame and no more than 4 ms more, and the ticks are that time. */
		assert_in_range(burst, 1600, 1600 + bps / 8 / 250);
		assert_true(ticks < UINT32_MAX);
		assert_in_range(ticks * 64 / 1000, burst * 8000000ull / bps - 1,
				burst * 8000000ull / bps);
		assert_in_range(quantum, 1600, 200000);
	}
	/* 1604 bytes in 1.604 s; 5001600 bytes in 4001 us */
	assert_int_equal(shaper_burst_ticks(shaper_burst_bytes(&plain, 8000), 8000), 25062500);
	assert_int_equal(shaper_burst_ticks(shaper_burst_bytes(&plain, 10 * GBIT), 10 * GBIT),
			 62515);
}

static void what_the_line_adds(void **state)
{
	(void)state;
	const struct shaper_line ethernet = {44, LINK_ETHERNET}, atm = {44, LINK_ATM};
	const struct shaper_line ptm = {22, LINK_PTM};
	assert_int_equal(shaper_line_bytes(&ethernet, 1500), 1544);
	/* 32 cells would have room for 1536 */
	assert_int_equal(shaper_line_bytes(&atm, 1500), 33 * 53);
	assert_int_equal(shaper_line_bytes(&atm, 1492), 32 * 53);
	assert_int_equal(shaper_line_bytes(&ptm, 1500), 1522);
	assert_int_equal(shaper_line_bps(&atm, 65 * MBIT), 65 * MBIT);
	assert_int_equal(shaper_line_bps(&ptm, 65 * MBIT), 64 * MBIT);
	assert_int_equal(shaper_line_bps(&ptm, 100), 98);
	assert_int_equal(shaper_burst_bytes(&atm, 8000), 4 + 35 * 53);
}

static void fifo_is_100_ms(void **state)
{
	(void)state;
	assert_int_equal(shaper_fifo_packets(MBIT), 50);
	assert_int_equal(shaper_fifo_packets(60 * MBIT), 500);
	assert_int_equal(shaper_fifo_packets(10 * GBIT), 1000);
}

static void codel_gives_a_slow_class_time(void **state)
{
	(void)state;
	assert_int_equal(shaper_codel_target_us(100 * MBIT), 5000);
	assert_int_equal(shaper_codel_interval_us(100 * MBIT), 100000);
	assert_int_equal(shaper_codel_target_us(MBIT), 19200);
	assert_int_equal(shaper_codel_interval_us(MBIT), 114200);
	assert_int_equal(shaper_codel_target_us(8), 10000000);
}

static const struct nlattr *attribute(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;
	mnl_attr_for_each (attr, nlh, sizeof(struct tcmsg)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static const struct nlattr *option(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *options = attribute(nlh, TCA_OPTIONS), *attr;
	assert_non_null(options);
	mnl_attr_for_each_nested (attr, options) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static void check_head(const struct nlmsghdr *nlh, uint16_t type, uint32_t parent, uint32_t handle)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	assert_int_equal(nlh->nlmsg_type, type);
	assert_int_equal(tcm->tcm_ifindex, 7);
	assert_int_equal(tcm->tcm_parent, parent);
	assert_int_equal(tcm->tcm_handle, handle);
}

static void root_bears_the_fingerprint(void **state)
{
	(void)state;
	const struct nlmsghdr *nlh =
		shaper_message_root(target, &(struct shaper_htb){.default_minor = 0x10});
	struct tc_htb_glob root;
	check_head(nlh, RTM_NEWQDISC, TC_H_ROOT, 0x10000);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_CREATE | NLM_F_EXCL);
	assert_string_equal(mnl_attr_get_str(attribute(nlh, TCA_KIND)), "htb");
	memcpy(&root, mnl_attr_get_payload(option(nlh, TCA_HTB_INIT)), sizeof(root));
	assert_int_equal(root.version, 3);
	assert_int_equal(root.rate2quantum, 0x6e66);
	assert_int_equal(root.defcls, 0x10);
}

static void class_has_rates_and_estimator(void **state)
{
	(void)state;
	struct shaper_class class = {.minor = 0x11,
				     .parent = 1,
				     .priority = 5,
				     .rate_bps = MBIT,
				     .ceil_bps = 8 * MBIT,
				     .with_estimator = true};
	const struct nlmsghdr *nlh = shaper_message_class(target, &class);
	const struct gnet_estimator *estimator = mnl_attr_get_payload(attribute(nlh, TCA_RATE));
	struct tc_htb_opt parameters;
	check_head(nlh, RTM_NEWTCLASS, 0x10001, 0x10011);
	assert_int_equal(estimator->interval, -1);
	assert_int_equal(estimator->ewma_log, 1);
	memcpy(&parameters, mnl_attr_get_payload(option(nlh, TCA_HTB_PARMS)), sizeof(parameters));
	assert_int_equal(parameters.rate.rate, 125000);
	assert_int_equal(parameters.ceil.rate, 1000000);
	assert_int_equal(parameters.rate.linklayer, TC_LINKLAYER_ETHERNET);
	assert_int_equal(parameters.ceil.linklayer, TC_LINKLAYER_ETHERNET);
	assert_int_equal(parameters.prio, 5);
	assert_int_equal(parameters.quantum, 1600);
	assert_int_equal(parameters.buffer, 2100 * 8 * 15625 / 1000);
	assert_int_equal(parameters.cbuffer, 5600 * 15625 / 1000);
	assert_null(option(nlh, TCA_HTB_RATE64));
	class.with_estimator = false;
	assert_null(attribute(shaper_message_class(target, &class), TCA_RATE));
}

static void wide_rates_take_64_bits(void **state)
{
	(void)state;
	/* The last rate that fits 32 bits of bytes per second, and the next. */
	const uint64_t last = 8 * (uint64_t)UINT32_MAX;
	const struct shaper_class class = {
		.minor = 0x11, .parent = 1, .rate_bps = last, .ceil_bps = last + 8};
	const struct nlmsghdr *nlh = shaper_message_class(target, &class);
	struct tc_htb_opt parameters;
	memcpy(&parameters, mnl_attr_get_payload(option(nlh, TCA_HTB_PARMS)), sizeof(parameters));
	assert_int_equal(parameters.rate.rate, UINT32_MAX);
	assert_int_equal(parameters.ceil.rate, UINT32_MAX);
	assert_null(option(nlh, TCA_HTB_RATE64));
	assert_int_equal(mnl_attr_get_u64(option(nlh, TCA_HTB_CEIL64)), 1ull << 32);
}

static void leaves_have_their_options(void **state)
{
	(void)state;
	const struct nlmsghdr *nlh = shaper_message_leaf(target, 0x1a, "pfifo", 60 * MBIT);
	check_head(nlh, RTM_NEWQDISC, 0x1001a, 0x1a0000);
	assert_int_equal(mnl_attr_get_u32(attribute(nlh, TCA_OPTIONS)), 500);
	nlh = shaper_message_leaf(target, 0x1a, "sfq", 60 * MBIT);
	assert_int_equal(mnl_attr_get_payload_len(attribute(nlh, TCA_OPTIONS)),
			 sizeof(struct tc_sfq_qopt));
	nlh = shaper_message_leaf(target, 0x1a, "fq_codel", MBIT);
	assert_int_equal(mnl_attr_get_u32(option(nlh, TCA_FQ_CODEL_TARGET)), 19200);
	assert_int_equal(mnl_attr_get_u32(option(nlh, TCA_FQ_CODEL_INTERVAL)), 114200);
	nlh = shaper_message_leaf(target, 0x1a, "cake", 60 * MBIT);
	assert_string_equal(mnl_attr_get_str(attribute(nlh, TCA_KIND)), "cake");
	assert_null(attribute(nlh, TCA_OPTIONS));
}

static void auto_tries_the_best_first(void **state)
{
	(void)state;
	struct plan_interface interface = {.leaf = LEAF_AUTO};
	const char *const *kinds = shaper_leaf_kinds(&interface);
	assert_string_equal(kinds[0], "fq_codel");
	assert_string_equal(kinds[1], "sfq");
	assert_string_equal(kinds[2], "pfifo");
	assert_null(kinds[3]);
	interface.overhead = 44;
	assert_string_equal(shaper_leaf_kinds(&interface)[0], "cake");
	assert_string_equal(shaper_leaf_kinds(&interface)[1], "fq_codel");
	interface.leaf = LEAF_CAKE;
	assert_string_equal(shaper_leaf_kinds(&interface)[0], "cake");
	assert_null(shaper_leaf_kinds(&interface)[1]);
}

static void printed_in_the_words_of_tc(void **state)
{
	(void)state;
	char name[] = "wan0";
	struct plan_class classes[] = {
		{.minor = 0x10, .priority = 7, .rate_bps = 2 * MBIT, .ceil_bps = 20 * MBIT},
		{.minor = 0x1a, .priority = 0, .rate_bps = 12345, .ceil_bps = 32000},
	};
	struct plan_interface plan = {.name = name,
				      .line_bps = 20 * MBIT,
				      .leaf = LEAF_PFIFO,
				      .classes = classes,
				      .n_classes = 2};
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	shaper_print(NULL, &plan, out);
	fclose(out);
	assert_string_equal(
		text, "tc qdisc add dev wan0 root handle 1: htb default 10 r2q 28262\n"
		      "tc class add dev wan0 parent 1: classid 1:1 htb rate 20mbit ceil 20mbit"
		      " burst 11600b cburst 11600b prio 0 quantum 25000\n"
		      "tc class add dev wan0 parent 1:1 classid 1:10 estimator 500ms 1s htb"
		      " rate 2mbit ceil 20mbit burst 2600b cburst 11600b prio 7 quantum 2500\n"
		      "tc qdisc add dev wan0 parent 1:10 handle 10: pfifo limit 166\n"
		      "tc class add dev wan0 parent 1:1 classid 1:1a estimator 500ms 1s htb"
		      " rate 12344bit ceil 32kbit burst 1606b cburst 1616b prio 0 quantum 1600\n"
		      "tc qdisc add dev wan0 parent 1:1a handle 1a: pfifo limit 50\n");
	free(text);
}

static void no_such_interface(void **state)
{
	(void)state;
	char name[] = "nfs-no-such-if";
	struct plan_class class = {.minor = 0x10, .rate_bps = MBIT, .ceil_bps = MBIT};
	struct plan_interface plan = {
		.name = name, .line_bps = MBIT, .classes = &class, .n_classes = 1};
	struct nl_error error;
	assert_int_equal(shaper_apply(NULL, &plan, &error), -ENODEV);
	assert_int_equal(error.code, -ENODEV);
	assert_non_null(error.what);
	assert_int_equal(shaper_apply(NULL, &plan, NULL), -ENODEV);
	assert_int_equal(shaper_remove(&plan, &error), 0);
	assert_int_equal(shaper_read(&plan, NULL, NULL), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_whole_and_never_none),
		cmocka_unit_test(burst_is_a_tick_and_a_frame),
		cmocka_unit_test(ticks_are_64_ns),
		cmocka_unit_test(quantum_follows_the_rate),
		cmocka_unit_test(from_8_kbit_to_10_gbit),
		cmocka_unit_test(what_the_line_adds),
		cmocka_unit_test(fifo_is_100_ms),
		cmocka_unit_test(codel_gives_a_slow_class_time),
		cmocka_unit_test(root_bears_the_fingerprint),
		cmocka_unit_test(class_has_rates_and_estimator),
		cmocka_unit_test(wide_rates_take_64_bits),
		cmocka_unit_test(leaves_have_their_options),
		cmocka_unit_test(auto_tries_the_best_first),
		cmocka_unit_test(printed_in_the_words_of_tc),
		cmocka_unit_test(no_such_interface),
	};
	return cmocka_run_group_tests_name("shaper", tests, NULL, NULL);
}
