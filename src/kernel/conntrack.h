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

#endif
