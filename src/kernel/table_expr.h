/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the words of table_rule.h are made of; nobody else includes this. All expressions work on
 * the first register.
 */
#ifndef KERNEL_TABLE_EXPR_H
#define KERNEL_TABLE_EXPR_H

#include <stdint.h>

#include "kernel/table_model.h"

struct nftnl_expr;

/* Appends words to the text, with a blank between them. */
void rule_say(struct table_rule *rule, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A new expression at the end of the rule, which owns it. */
struct nftnl_expr *rule_expr(struct table_rule *rule, const char *name);

/* register = NFT_META_… ; NFT_CT_… */
void rule_load_meta(struct table_rule *rule, uint32_t key);
void rule_load_ct(struct table_rule *rule, uint32_t key);

/* register = (register & mask) ^ other */
void rule_bitwise(struct table_rule *rule, const void *mask, const void *other, uint32_t length);
void rule_bitwise_u32(struct table_rule *rule, uint32_t mask, uint32_t other);

/* Ends the rule unless the set has the register. */
void rule_lookup(struct table_rule *rule, const char *set);
/* target (NFT_REG_…) = map[register]; ends the rule where the map has it not. */
void rule_lookup_to(struct table_rule *rule, const char *map, uint32_t target);

#endif
