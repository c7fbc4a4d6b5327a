/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The nftables table `inet nfshaper`, through libnftnl. Base chains are created once and never
 * removed while the daemon lives: removing any hook of a network namespace drops every packet
 * that waits in any of its queues (net/netfilter/core.c, nf_queue_nf_hook_drop). All contents are
 * replaced in one transaction, whether the table is new or was left by an earlier run; only a table
 * with other hooks or set types than ours is deleted and made anew.
 */
#ifndef KERNEL_TABLE_H
#define KERNEL_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "engine/ids.h"
#include "engine/plan.h"
#include "kernel/features.h"
#include "net/nlbatch.h"

/* Creates the table or replaces the contents of one that is there. 0 or a negative errno; then
 * nothing was changed and *error says at what (-ENAMETOOLONG: a class name exceeds what the comment
 * of a chain can hold, about 110 bytes). A manual table is left alone: -ESTALE where the one that
 * is there has not the chains, ids and sets of the plan, -ENOENT where there is none. */
int table_install(const struct plan *plan, enum queue_path path, struct nl_error *error);

/* Empties the queue chains: nothing is queued any more, all else stays. 0 also where there is no
 * table. */
int table_stop_queueing(struct nl_error *error);

/* Removes the table; 0 also where there was none. */
int table_remove(struct nl_error *error);

/* Appends the ids that an installed table carries (in the comments of its chains `id_N`) to
 * *ids; 0 also where there is no table. */
int table_read_ids(struct ids *ids);

/* Packets that were not judged. */
struct table_counters {
	uint64_t exempt;    /* loopback, ND, DHCP, multicast, broadcast, management */
	uint64_t untracked; /* without a conntrack entry */
	uint64_t undecided; /* let through without an answer: daemon down, queue full */
};
/* -ENOENT where there is no table. */
int table_read_counters(struct table_counters *ret_counters);

/* What one class of a policed interface has let through and dropped. */
struct table_police_stats {
	uint64_t bytes;
	uint64_t packets;
	uint64_t drops; /* packets above the class's ceil; what the line dropped is not told apart */
};
/* `interface`: position in plan->interfaces. -ENOENT where the table has no such counter. */
int table_read_police(size_t interface, uint16_t minor, struct table_police_stats *ret_stats);
/* Packets that were above the rate of the line. */
int table_read_police_line(size_t interface, uint64_t *ret_drops);

/* Prints the table in the words of nft(8); loading it with `nft -f` has the same effect. */
void table_print(const struct plan *plan, enum queue_path path, FILE *out);

#endif
