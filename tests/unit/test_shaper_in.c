/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages and printed commands for what comes in, and for lines; no root needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <nfshaper/mark.h>

#include "kernel/ifb.h"
#include "kernel/shaper.h"
#include "kernel/shaper_filter.h"
#include "kernel/shaper_htb.h"
#include "kernel/shaper_ingress.h"
#include "kernel/shaper_message.h"
#include "kernel/shaper_monitor.h"
#include "kernel/shaper_record.h"
#include "kernel/shaper_state.h"

#define MBIT 1000000ull
#define MASK 0xff000000u

static char room[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
static const struct shaper_target target = {room, 7};
static char wan[] = "wan0", ifb[] = "ifb-wan0";
static struct plan_class classes[] = {
	{.minor = 0x10, .priority = 7, .rate_bps = 2 * MBIT, .ceil_bps = 20 * MBIT},
	{.minor = 0x1a, .priority = 0, .rate_bps = MBIT, .ceil_bps = MBIT},
};
static struct outcome outcomes[] = {
	{.id = 1, .kind = OUTCOME_CLASS, .minor = 0x10},
	{.id = 2, .kind = OUTCOME_DROP},
	{.id = 3, .kind = OUTCOME_CLASS, .minor = 0x11},
	{.id = 4, .kind = OUTCOME_CLASS, .minor = 0x1a},
	{.id = 5, .kind = OUTCOME_QUEUED, .minor = 0x1a},
	{.id = 6, .kind = OUTCOME_CALL},
};

static struct plan_interface incoming(enum plan_way way, char *name)
{
	return (struct plan_interface){.name = name,
				       .of = wan,
				       .way = way,
				       .line_bps = 20 * MBIT,
				       .leaf = LEAF_PFIFO,
				       .classes = classes,
				       .n_classes = 2};
}

static void line_is_in_the_class(void **state)
{
	(void)state;
	struct shaper_class class = {.minor = 0x11,
				     .parent = 1,
				     .rate_bps = 65 * MBIT,
				     .ceil_bps = 65 * MBIT,
				     .line = {44, LINK_ATM}};
	struct shaper_record record;
	struct tc_htb_opt parameters;
	assert_true(shaper_record_read(shaper_message_class(target, &class), 7, &record));
	shaper_record_copy(shaper_record_find(record.options, TCA_HTB_PARMS), &parameters,
			   sizeof(parameters));
	assert_int_equal(parameters.rate.overhead, 44);
	assert_int_equal(parameters.ceil.overhead, 44);
	assert_int_equal(parameters.rate.linklayer, TC_LINKLAYER_ATM);
	assert_int_equal(parameters.rate.rate, 65 * MBIT / 8);
	class.line = (struct shaper_line){22, LINK_PTM};
	assert_true(shaper_record_read(shaper_message_class(target, &class), 7, &record));
	shaper_record_copy(shaper_record_find(record.options, TCA_HTB_PARMS), &parameters,
			   sizeof(parameters));
	assert_int_equal(parameters.rate.overhead, 22);
	assert_int_equal(parameters.rate.linklayer, TC_LINKLAYER_ETHERNET);
	assert_int_equal(parameters.rate.rate, 8 * MBIT);
	assert_int_equal(parameters.ceil.rate, 8 * MBIT);
}

static void root_is_read_as_it_was_sent(void **state)
{
	(void)state;
	struct plan_interface inside = incoming(PLAN_INSIDE, wan);
	struct shaper_root root = {0};
	struct shaper_record record;
	inside.overhead = -14;
	struct shaper_htb htb = shaper_htb_root(&inside);
	assert_int_equal(htb.default_minor, 0);
	assert_int_equal(htb.less_bytes, 14);
	assert_int_equal(shaper_htb_line(&inside).overhead_bytes, 0);
	assert_true(shaper_record_read(shaper_message_root(target, &htb), 7, &record));
	shaper_state_take_root(&record, &root);
	assert_true(root.is_ours);
	assert_false(root.is_foreign);
	assert_int_equal(root.htb.default_minor, 0);
	assert_int_equal(root.htb.less_bytes, 14);
	assert_false(shaper_record_read(shaper_message_root(target, &htb), 8, &record));
}

static void ingress_is_known_by_its_block(void **state)
{
	(void)state;
	uint32_t block = shaper_ingress_block("wan0");
	struct shaper_ingress ingress = {0};
	struct shaper_record record;
	assert_int_equal(block >> 24, 0x6e);
	assert_int_not_equal(block, shaper_ingress_block("wan1"));
	assert_true(shaper_record_read(shaper_message_ingress(target, block), 7, &record));
	assert_int_equal(record.tcm->tcm_parent, TC_H_INGRESS);
	shaper_state_take_ingress(&record, &ingress);
	assert_true(ingress.is_ours);
	assert_int_equal(ingress.block, block);
	assert_int_equal(shaper_ingress_check(&ingress, false, NULL), 0);
	assert_true(shaper_record_read(shaper_message_ingress(target, 5), 7, &record));
	shaper_state_take_ingress(&record, &ingress);
	assert_true(ingress.is_foreign);
	struct nl_error error;
	assert_int_equal(shaper_ingress_check(&ingress, false, &error), -EEXIST);
	assert_string_equal(error.message, "ingress ffff:");
	assert_int_equal(shaper_ingress_check(&ingress, true, &error), 0);
}

static void redirect_is_read_as_it_was_sent(void **state)
{
	(void)state;
	for (const struct shaper_redirect *way = shaper_redirects; way->classifier; way++) {
		struct shaper_redirect sent = *way, read = {0};
		const struct nlmsghdr *nlh;
		const struct tcmsg *tcm;
		sent.mask = MASK;
		sent.ifindex = 9;
		nlh = shaper_message_redirect(target, 0x6e000001, 2, &sent);
		tcm = mnl_nlmsg_get_payload(nlh);
		assert_int_equal((uint32_t)tcm->tcm_ifindex, TCM_IFINDEX_MAGIC_BLOCK);
		assert_int_equal(tcm->tcm_block_index, 0x6e000001);
		assert_int_equal(tcm->tcm_info, 2 << 16 | htons(ETH_P_ALL));
		assert_true(shaper_redirect_read(nlh, &read));
		assert_string_equal(read.classifier, sent.classifier);
		assert_string_equal(read.restore, sent.restore);
		assert_int_equal(read.ifindex, 9);
		if (strcmp(sent.restore, "ctinfo") == 0)
			assert_int_equal(read.mask, MASK);
	}
	const struct shaper_redirect bare = {.classifier = "matchall", .ifindex = 9};
	struct shaper_redirect read;
	assert_true(shaper_redirect_read(shaper_message_redirect(target, 1, 1, &bare), &read));
	assert_null(read.restore);
	assert_int_equal(read.ifindex, 9);
	assert_false(shaper_redirect_read(shaper_message_filter(target, 1, 1, 1, 1), &read));
}

static void filters_are_for_classes_that_are_there(void **state)
{
	(void)state;
	static const uint16_t wanted[] = {0x10, 0, 0, 0x1a, 0x1a, 0};
	struct plan_interface interface = incoming(PLAN_IFB, ifb);
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(*outcomes); i++)
		assert_int_equal(shaper_filter_minor(&interface, &outcomes[i]), wanted[i]);
	const struct nlmsghdr *nlh = shaper_message_filter(target, 1, 0x04000000, MASK, 0x1a);
	struct shaper_record record;
	uint32_t value;
	assert_true(shaper_record_read(nlh, 7, &record));
	assert_string_equal(record.kind, "fw");
	assert_int_equal(record.tcm->tcm_parent, 0x10000);
	assert_int_equal(record.tcm->tcm_handle, 0x04000000);
	shaper_record_copy(shaper_record_find(record.options, TCA_FW_MASK), &value, sizeof(value));
	assert_int_equal(value, MASK);
	shaper_record_copy(shaper_record_find(record.options, TCA_FW_CLASSID), &value,
			   sizeof(value));
	assert_int_equal(value, 0x1001a);
}

static char *printed(const struct plan_interface *interface)
{
	struct plan plan = {.mark_mask = MASK, .ids = {.items = outcomes, .count = 6}};
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	shaper_print(&plan, interface, out);
	fclose(out);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no `%s` in:\n%s", part, text);
}

static void printed_in_the_words_of_tc_and_ip(void **state)
{
	(void)state;
	struct plan_interface interface = incoming(PLAN_IFB, ifb);
	char *text = printed(&interface), qdisc[96];
	assert_has(text, "ip link add ifb-wan0 group 28262 type ifb\n"
			 "ip link set ifb-wan0 up alias 'nfshaper: what comes in by wan0'\n"
			 "tc qdisc add dev ifb-wan0 root handle 1: htb default 10 r2q 28262\n");
	assert_has(text, "\ntc filter add dev ifb-wan0 parent 1: protocol all prio 1 handle "
			 "0x01000000/0xff000000 fw classid 1:10\n"
			 "tc filter add dev ifb-wan0 parent 1: protocol all prio 1 handle "
			 "0x04000000/0xff000000 fw classid 1:1a\n"
			 "tc filter add dev ifb-wan0 parent 1: protocol all prio 1 handle "
			 "0x05000000/0xff000000 fw classid 1:1a\n"
			 "tc qdisc add dev wan0 ingress_block ");
	snprintf(qdisc, sizeof(qdisc), "tc filter add block %u protocol all prio 1 matchall action",
		 shaper_ingress_block("wan0"));
	assert_has(text, qdisc);
	assert_has(text, " matchall action ctinfo cpmark 0xff000000 action mirred egress redirect "
			 "dev ifb-wan0 || ");
	free(text);
	interface = incoming(PLAN_INSIDE, wan);
	interface.overhead = 44;
	interface.link = LINK_ATM;
	text = printed(&interface);
	assert_has(text, "tc qdisc add dev wan0 root handle 1: htb default 0 r2q 28262\n");
	assert_has(text, " quantum 2500 overhead 44 linklayer atm\n");
	free(text);
	interface = incoming(PLAN_POLICE, wan);
	text = printed(&interface);
	assert_string_equal(text, "");
	free(text);
}

static void nothing_is_done_for_police(void **state)
{
	(void)state;
	struct plan_interface interface = incoming(PLAN_POLICE, wan);
	struct nl_error error;
	assert_int_equal(shaper_apply(NULL, &interface, &error), 0);
	assert_int_equal(shaper_remove(&interface, &error), 0);
}

static void no_such_interface(void **state)
{
	(void)state;
	struct plan_interface interface = incoming(PLAN_IFB, ifb);
	struct nl_error error;
	char of[] = "nfs-no-such-if";
	interface.of = of;
	assert_int_equal(shaper_apply(NULL, &interface, &error), -ENODEV);
	assert_int_equal(error.code, -ENODEV);
	assert_int_equal(shaper_read(&interface, NULL, NULL), -ENODEV);
}

static void nobody_is_watched_for_nothing(const char *name, void *data)
{
	(void)data;
	fail_msg("%s", name);
}

static void monitor_is_silent(void **state)
{
	(void)state;
	struct shaper_monitor *monitor = shaper_monitor_open();
	assert_non_null(monitor);
	assert_true(shaper_monitor_fd(monitor) >= 0);
	assert_int_equal(shaper_monitor_read(monitor, nobody_is_watched_for_nothing, NULL), 0);
	shaper_monitor_close(monitor);
	shaper_monitor_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_in_the_class),
		cmocka_unit_test(root_is_read_as_it_was_sent),
		cmocka_unit_test(ingress_is_known_by_its_block),
		cmocka_unit_test(redirect_is_read_as_it_was_sent),
		cmocka_unit_test(filters_are_for_classes_that_are_there),
		cmocka_unit_test(printed_in_the_words_of_tc_and_ip),
		cmocka_unit_test(nothing_is_done_for_police),
		cmocka_unit_test(no_such_interface),
		cmocka_unit_test(monitor_is_silent),
	};
	return cmocka_run_group_tests_name("shaper_in", tests, NULL, NULL);
}
