/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judging a living connection again, from what conntrack knows of it, by rules that are new or of
 * which the time has come. As engine/path.h: no input or output, no allocation, no clock.
 *
 * Conntrack knows no interface, DSCP, length or packet mark. Where the rules ask for one, the
 * connection is to be undecided, and its next packet of the original direction decides. No throttle
 * is charged: the connection is not new.
 */
#ifndef ENGINE_REJUDGE_H
#define ENGINE_REJUDGE_H

#include "engine/decide.h"
#include "engine/path.h"

/*
 * The facts of a connection's packets of the original direction; *packet is such a packet as the
 * hooks behind destination NAT see it. Time and geo_cache are to be filled by the caller.
 */
struct facts rejudge_facts(const struct snapshot *snapshot, const struct packet *packet,
			   enum direction direction);

struct judgement {
	uint32_t id;            /* 0 where it is undecided, or not judged at all */
	bool is_open;           /* the former: it depends on what is open */
	enum owner_level wants; /* with that of facts->owner, asked again, it may not */
};

/*
 * What becomes of the connection. `id` is what it has now, or 0: one that a throttle has sent to
 * another class is left there, for packets that are counted decide that, or the connection's
 * beginning did. `steps`: as path_find().
 */
struct judgement rejudge(const struct snapshot *snapshot, const struct facts *facts, uint32_t id,
			 uint32_t *steps);

#endif
