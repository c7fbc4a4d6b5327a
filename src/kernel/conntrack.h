/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's connection table, through ctnetlink. */
#ifndef KERNEL_CONNTRACK_H
#define KERNEL_CONNTRACK_H

#include <stdint.h>

#include "net/nlbatch.h"

/*
 * Clears the bits of `mask` in the marks of all connections of the network namespace, IPv4 and
 * IPv6, in all zones: they are judged anew. For a start at which the meaning of the ids was lost.
 * No other bit changes. A connection that ends meanwhile is no error. Returns 0, or a negative
 * errno (-EPERM; -EOPNOTSUPP without CONFIG_NF_CT_NETLINK), told in *error (may be NULL); then
 * some marks may be cleared and others not.
 */
int conntrack_clear_marks(uint32_t mask, struct nl_error *error);

/* Living connections with one value of the bits of the mask. */
struct conntrack_tally {
	uint64_t connections;
	uint64_t answered; /* that have seen a reply */
};

/*
 * Counts the living connections by the id in their mark (nfshaper/mark.h); `tallies` has
 * nfshaper_mask_ids(mask) + 1 of them. Looks at all connections: about a microsecond for each. 0 or
 * a negative errno.
 */
int conntrack_count(uint32_t mask, struct conntrack_tally *tallies);

#endif
