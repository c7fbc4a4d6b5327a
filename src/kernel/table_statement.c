/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_rule.h"

/* Needed by the headers of libnftnl and of the kernel. */
#include <netinet/in.h>
#include <stdio.h>

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>

#include "kernel/table_expr.h"
#include "util/alloc.h"

static void verdict(struct table_rule *rule, int code, const char *chain)
{
	struct nftnl_expr *expr = rule_expr(rule, "immediate");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (chain)
		nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain);
}

static void store_priority(struct table_rule *rule)
{
	struct nftnl_expr *expr = rule_expr(rule, "meta");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, NFT_META_PRIORITY);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

void verdict_accept(struct table_rule *rule)
{
	rule_say(rule, "accept");
	verdict(rule, NF_ACCEPT, NULL);
}

void verdict_drop(struct table_rule *rule)
{
	rule_say(rule, "drop");
	verdict(rule, NF_DROP, NULL);
}

void verdict_goto(struct table_rule *rule, const char *chain)
{
	rule_say(rule, "goto %s", chain);
	verdict(rule, NFT_GOTO, chain);
}

void verdict_jump(struct table_rule *rule, const char *chain)
{
	rule_say(rule, "jump %s", chain);
	verdict(rule, NFT_JUMP, chain);
}

void verdict_by_ct_mark(struct table_rule *rule, uint32_t mask, const char *map)
{
	rule_say(rule, "ct mark & 0x%08x vmap @%s", mask, map);
	rule_load_ct(rule, NFT_CT_MARK);
	rule_bitwise_u32(rule, mask, 0);
	rule_lookup_to(rule, map, NFT_REG_VERDICT);
}

void verdict_by_mark(struct table_rule *rule, uint32_t mask, const char *map)
{
	rule_say(rule, "meta mark & 0x%08x vmap @%s", mask, map);
	rule_load_meta(rule, NFT_META_MARK);
	rule_bitwise_u32(rule, mask, 0);
	rule_lookup_to(rule, map, NFT_REG_VERDICT);
}

void verdict_by_priority(struct table_rule *rule, const char *map)
{
	rule_say(rule, "meta priority vmap @%s", map);
	rule_load_meta(rule, NFT_META_PRIORITY);
	rule_lookup_to(rule, map, NFT_REG_VERDICT);
}

static void reject(struct table_rule *rule, uint32_t type, uint8_t code)
{
	struct nftnl_expr *expr = rule_expr(rule, "reject");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
}

void verdict_tcp_reset(struct table_rule *rule)
{
	rule_say(rule, "reject with tcp reset");
	reject(rule, NFT_REJECT_TCP_RST, 0);
}

void verdict_prohibited(struct table_rule *rule)
{
	rule_say(rule, "reject with icmpx admin-prohibited");
	reject(rule, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

static void queue_native(struct table_rule *rule, uint16_t number, bool bypass)
{
	struct nftnl_expr *expr = rule_expr(rule, "queue");
	nftnl_expr_set_u16(expr, NFTNL_EXPR_QUEUE_NUM, number);
	nftnl_expr_set_u16(expr, NFTNL_EXPR_QUEUE_TOTAL, 1);
	nftnl_expr_set_u16(expr, NFTNL_EXPR_QUEUE_FLAGS, bypass ? NFT_QUEUE_FLAG_BYPASS : 0);
}

/* The target's information is padded to the size that xtables wants, XT_ALIGN. */
static void queue_compat(struct table_rule *rule, uint16_t number, bool bypass)
{
	struct nftnl_expr *expr = rule_expr(rule, "target");
	const size_t padded = (sizeof(struct xt_NFQ_info_v3) + 7) / 8 * 8;
	struct xt_NFQ_info_v3 *info = xcalloc(1, padded);
	info->queuenum = number;
	info->queues_total = 1;
	info->flags = bypass ? NFQ_FLAG_BYPASS : 0;
	nftnl_expr_set_str(expr, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_TG_REV, 3);
	/* libnftnl takes this block over, as for no other attribute. */
	nftnl_expr_set(expr, NFTNL_EXPR_TG_INFO, info, (uint32_t)padded);
}

void verdict_queue(struct table_rule *rule, enum queue_path path, uint16_t number, bool bypass)
{
	rule_say(rule, "queue %sto %u", bypass ? "flags bypass " : "", number);
	switch (path) {
	case QUEUE_NATIVE:
		queue_native(rule, number, bypass);
		break;
	case QUEUE_COMPAT:
		queue_compat(rule, number, bypass);
		break;
	}
}

void count_named(struct table_rule *rule, const char *counter)
{
	struct nftnl_expr *expr = rule_expr(rule, "objref");
	rule_say(rule, "counter name %s", counter);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME, counter);
}

const char *table_classid_text(uint32_t classid, char *buffer)
{
	if (classid == 0)
		return "none";
	snprintf(buffer, TABLE_CLASSID_MAX, "%x:%x", classid >> 16, classid & 0xffff);
	return buffer;
}

void set_priority(struct table_rule *rule, uint32_t priority)
{
	char text[TABLE_CLASSID_MAX];
	struct nftnl_expr *expr = rule_expr(rule, "immediate");
	rule_say(rule, "meta priority set %s", table_classid_text(priority, text));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DATA, priority);
	store_priority(rule);
}

void set_priority_by_ct_mark(struct table_rule *rule, uint32_t mask, const char *map)
{
	rule_say(rule, "meta priority set ct mark & 0x%08x map @%s", mask, map);
	rule_load_ct(rule, NFT_CT_MARK);
	rule_bitwise_u32(rule, mask, 0);
	rule_lookup_to(rule, map, NFT_REG_1);
	store_priority(rule);
}

void clear_mark(struct table_rule *rule, uint32_t mask)
{
	struct nftnl_expr *expr;
	rule_say(rule, "meta mark set meta mark & 0x%08x", ~mask);
	rule_load_meta(rule, NFT_META_MARK);
	rule_bitwise_u32(rule, ~mask, 0);
	expr = rule_expr(rule, "meta");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

void set_ct_mark(struct table_rule *rule, uint32_t mask, uint32_t mark)
{
	struct nftnl_expr *expr;
	rule_say(rule, "ct mark set ct mark & 0x%08x | 0x%08x", ~mask, mark);
	rule_load_ct(rule, NFT_CT_MARK);
	rule_bitwise_u32(rule, ~mask, mark);
	expr = rule_expr(rule, "ct");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, NFT_CT_MARK);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}
