/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * New marks for many living connections. Updates are gathered and sent in batches; only the last
 * one of a batch asks for an acknowledgement, since an error is always answered
 * (net/netfilter/nf_conntrack_netlink.c; 740 to 860 thousand a second). May be used while
 * conntrack_dump() goes on: it has a socket of its own. Belongs to one thread.
 */
#ifndef KERNEL_CONNTRACK_UPDATE_H
#define KERNEL_CONNTRACK_UPDATE_H

#include <stdint.h>

#include "kernel/conntrack_dump.h"
#include "net/nlbatch.h"

struct conntrack_updates;

/* NULL and errno on failure. */
struct conntrack_updates *conntrack_updates_new(void);
void conntrack_updates_free(struct conntrack_updates *updates);

/*
 * Gives the bits of `mask` in a connection's mark the value that they have in `mark`; no other bit
 * changes. The connection is one that conntrack_dump() visits just now.
 */
void conntrack_update_mark(struct conntrack_updates *updates, const struct connection *connection,
			   uint32_t mark, uint32_t mask);

/* Sends what is still gathered. 0, or the first negative errno of all updates so far; connections
 * that ended meanwhile are no error. */
int conntrack_updates_finish(struct conntrack_updates *updates);

#endif
