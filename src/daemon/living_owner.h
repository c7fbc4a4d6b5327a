/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owners of living connections, for whoever judges many of them again beside the packet path: one
 * after the other, each waited for a moment, all together for a bounded time. Belongs to one
 * thread.
 */
#ifndef DAEMON_LIVING_OWNER_H
#define DAEMON_LIVING_OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/decide.h"
#include "kernel/conntrack_dump.h"
#include "owner/owners.h"

struct living_owners {
	struct owners *owners; /* borrowed; NULL: nothing asks for any. Set first, as … */
	uint64_t budget_ns;    /* … that is left of the time for all, and … */
	const _Atomic bool *is_cancelled;
	struct owner_finder *finder; /* made when the first one is asked for */
	uint64_t token;
};

void living_owners_fini(struct living_owners *living);

/* The question for the owner of a connection of this host: as its socket has the ends, before NAT of
 * what leaves, behind NAT of what comes in. */
struct owner_query living_own_query(const struct connection *connection, enum direction direction);

/* The same by a packet of its original direction, where no more is known. */
struct owner_query living_query(const struct packet *packet, enum direction direction);

/*
 * The owner of a connection of this host. False where it is not known in time; what is not known of
 * an owner that is found is not to be had. The texts are valid until the next call.
 */
bool living_owner(struct living_owners *living, const struct owner_query *query,
		  enum owner_level level, struct owner *ret_owner);

#endif
