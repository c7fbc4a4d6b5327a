/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_expr.h"

/* Needed by the headers of libnftnl and of the kernel. */
#include <stdio.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdlib.h>

#include "util/alloc.h"

void rule_say(struct table_rule *rule, const char *format, ...)
{
	char *before = rule->text, *words = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&words, format, args) < 0)
		abort();
	va_end(args);
	rule->text = xasprintf("%s%s%s", before, *before ? " " : "", words);
	free(words);
	free(before);
}

struct nftnl_expr *rule_expr(struct table_rule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);
	if (!expr)
		abort();
	nftnl_rule_add_expr(rule->nl, expr);
	return expr;
}

void rule_load_meta(struct table_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = rule_expr(rule, "meta");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

void rule_load_ct(struct table_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = rule_expr(rule, "ct");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

void rule_bitwise(struct table_rule *rule, const void *mask, const void *other, uint32_t length)
{
	struct nftnl_expr *expr = rule_expr(rule, "bitwise");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, other, length);
}

void rule_bitwise_u32(struct table_rule *rule, uint32_t mask, uint32_t other)
{
	rule_bitwise(rule, &mask, &other, sizeof(mask));
}

void rule_lookup(struct table_rule *rule, const char *set)
{
	struct nftnl_expr *expr = rule_expr(rule, "lookup");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set);
}

void rule_lookup_to(struct table_rule *rule, const char *map, uint32_t target)
{
	struct nftnl_expr *expr = rule_expr(rule, "lookup");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, target);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, map);
}
