/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The numbers that user space, the nftables table and HTB agree on.
 *
 * A decision id (1 … mark_mask >> shift) names one outcome. It sits in the bits of the conntrack
 * mark that the mask covers; 0 means undecided.
 *
 * Question and answer travel in skb->priority, in values that neither a TOS byte nor an
 * unprivileged SO_PRIORITY (0 … 6, see net/core/sock.c) can produce. The queue chains set what is
 * asked (NFSHAPER_ASK_…), which the worker reads with the packet; the worker's answer
 * (NFSHAPER_PRIORITY | id, or NFSHAPER_ANSWER_…) is read by the store chains. A question that comes
 * back as it went was answered by nobody.
 */
#ifndef NFSHAPER_MARK_H
#define NFSHAPER_MARK_H

#include <stdint.h>

#define NFSHAPER_TABLE "nfshaper"     /* nftables table, family inet */
#define NFSHAPER_PRIORITY 0x6e660000u /* upper half of skb->priority in a verdict */

#define NFSHAPER_ASK_NEW 0x6e670001u        /* of a connection without a decision */
#define NFSHAPER_ASK_ALIVE 0x6e670002u      /* the same, and it is confirmed already */
#define NFSHAPER_ASK_ORIGINAL 0x6e670003u   /* of a connection whose packets stay queued */
#define NFSHAPER_ASK_REPLY 0x6e670004u      /* the same, in its reply direction */
#define NFSHAPER_ASK_CALL 0x6e680000u       /* | id: the packet's mark calls that throttle */
#define NFSHAPER_ASK_CALL_ALIVE 0x6e690000u /* | id: the same, its connection is confirmed */
#define NFSHAPER_ASK_BITS 0xffff0000u

#define NFSHAPER_ANSWER_PASS 0x6e6a0001u   /* this packet passes, nothing is stored */
#define NFSHAPER_ANSWER_REJECT 0x6e6a0002u /* this packet is refused, nothing is stored */

#define NFSHAPER_MASK_DEFAULT 0xff000000u
#define NFSHAPER_MASK_BITS_MIN 4
#define NFSHAPER_MASK_BITS_MAX 16

#define NFSHAPER_HTB_MAJOR 1u    /* the root qdisc is 1: on every interface */
#define NFSHAPER_HTB_LINE 1u     /* 1:1 is the line */
#define NFSHAPER_HTB_FIRST 0x10u /* 1:10 is the first leaf, always class default */
#define NFSHAPER_CLASS_DEFAULT "default"

/* Position of the lowest bit of a mask that is one run of adjacent bits. */
static inline unsigned nfshaper_mask_shift(uint32_t mask)
{
	return (unsigned)__builtin_ctz(mask);
}

/* The largest id that fits the mask. */
static inline uint32_t nfshaper_mask_ids(uint32_t mask)
{
	return mask >> nfshaper_mask_shift(mask);
}

static inline uint32_t nfshaper_mark(uint32_t mask, uint32_t id)
{
	return id << nfshaper_mask_shift(mask);
}

/* skb->priority and the classid of a netlink message: major in the upper half. */
static inline uint32_t nfshaper_classid(uint16_t minor)
{
	return NFSHAPER_HTB_MAJOR << 16 | minor;
}

#endif
