/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words that rules are made of. Each appends its text in nft(8) and its expressions for the
 * kernel to the rule, in the order and with the dependencies that nft itself would generate.
 * Matches come first, statements after them; a match that fails ends the rule.
 */
#ifndef KERNEL_TABLE_RULE_H
#define KERNEL_TABLE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/features.h"
#include "kernel/table_model.h"
#include "net/addr.h"

enum table_end { TABLE_SOURCE, TABLE_DESTINATION };
enum table_side { TABLE_INCOMING, TABLE_OUTGOING };

/* Bits of `ct state`, NF_CT_STATE_…BIT of linux/netfilter/nf_conntrack_common.h. */
#define TABLE_CT_INVALID (1u << 0)
#define TABLE_CT_RELATED (1u << 2)
#define TABLE_CT_UNTRACKED (1u << 6)

/* `meta nfproto ipv4`: AF_INET or AF_INET6. */
void match_family(struct table_rule *rule, int family);
/* `meta l4proto tcp` */
void match_proto(struct table_rule *rule, uint8_t proto);
/* `meta l4proto != tcp` */
void match_other_proto(struct table_rule *rule, uint8_t proto);
/* `tcp dport 22`, `udp sport 67-68`, `udp dport >= 548`; `proto` must have ports. With `matched` the rule has tested
 * the protocol already. */
void match_ports(struct table_rule *rule, uint8_t proto, bool matched, enum table_end end,
		 uint16_t first, uint16_t last);
/* `icmpv6 type 133-137` */
void match_icmpv6_types(struct table_rule *rule, uint8_t first, uint8_t last);
/* `ip saddr 192.0.2.0/24` */
void match_prefix(struct table_rule *rule, enum table_end end, const struct prefix *prefix);
/* `ip daddr <= 223.255.255.255`: IPv4 to neither a group nor all of a network, RFC 5771. */
void match_unicast4(struct table_rule *rule);
/* `iifname "lo"` */
void match_interface(struct table_rule *rule, enum table_side side, const char *name);
/* `oifname @shaped` */
void match_interface_set(struct table_rule *rule, enum table_side side, const char *set);
/* `ct state invalid,untracked`: any of the TABLE_CT_… bits. */
void match_ct_state(struct table_rule *rule, uint32_t bits);
/* `ct direction original` or `reply` */
void match_ct_direction(struct table_rule *rule, bool original);
/* `ct mark & MASK @settled` */
void match_ct_mark(struct table_rule *rule, uint32_t mask, const char *set);
/* `ct mark & MASK == 0x00000000` */
void match_no_ct_mark(struct table_rule *rule, uint32_t mask);
/* `ct status confirmed` or `ct status ! confirmed` */
void match_ct_confirmed(struct table_rule *rule, bool is_confirmed);
/* `meta mark & MASK != 0x00000000` */
void match_mark_bits(struct table_rule *rule, uint32_t mask);
/* `tcp flags rst` */
void match_tcp_reset(struct table_rule *rule);
/* `fib daddr type multicast`: RTN_BROADCAST or RTN_MULTICAST of linux/rtnetlink.h. */
void match_destination_type(struct table_rule *rule, uint32_t type);
/* `symhash mod MODULUS VALUE`: the same for both directions of a flow. */
void match_symhash(struct table_rule *rule, uint32_t modulus, uint32_t value);

/* `limit rate over N bytes/second`: what exceeds the rate; without `burst` its bucket is a second
 * deep (net/netfilter/nft_limit.c). */
void match_above_rate(struct table_rule *rule, uint64_t bytes_per_s);

/* `accept`, `drop` */
void verdict_accept(struct table_rule *rule);
void verdict_drop(struct table_rule *rule);
/* `goto CHAIN`, `jump CHAIN` */
void verdict_goto(struct table_rule *rule, const char *chain);
void verdict_jump(struct table_rule *rule, const char *chain);
/* `ct mark & MASK vmap @refused`, `meta mark & MASK vmap @call`, `meta priority vmap @store` */
void verdict_by_mark(struct table_rule *rule, uint32_t mask, const char *map);
void verdict_by_ct_mark(struct table_rule *rule, uint32_t mask, const char *map);
void verdict_by_priority(struct table_rule *rule, const char *map);
/* `iifname vmap @policed` */
void verdict_by_interface(struct table_rule *rule, enum table_side side, const char *map);
/* `reject with tcp reset`, to be preceded by match_proto(TCP); `reject with icmpx
 * admin-prohibited` */
void verdict_tcp_reset(struct table_rule *rule);
void verdict_prohibited(struct table_rule *rule);
/* `queue flags bypass to NUMBER`. No rule of this base chain runs after it. */
void verdict_queue(struct table_rule *rule, enum queue_path path, uint16_t number, bool bypass);

/* `counter name NAME` */
void count_named(struct table_rule *rule, const char *counter);
/* `meta priority set MAJ:MIN`, `none` for 0 */
void set_priority(struct table_rule *rule, uint32_t priority);
/* `meta priority set ct mark & MASK map @classid` */
void set_priority_by_ct_mark(struct table_rule *rule, uint32_t mask, const char *map);
/* `meta mark set meta mark & ~MASK` */
void clear_mark(struct table_rule *rule, uint32_t mask);
/* `ct mark set ct mark & ~MASK | MARK`: no bit outside the mask changes. */
void set_ct_mark(struct table_rule *rule, uint32_t mask, uint32_t mark);

/* A number in the words that nft has for `type classid`; buffer of TABLE_CLASSID_MAX. */
#define TABLE_CLASSID_MAX 12
const char *table_classid_text(uint32_t classid, char *buffer);

#endif
