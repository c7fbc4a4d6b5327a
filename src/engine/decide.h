/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the decision on one packet begins with: its facts, and whether it is judged at all. As
 * engine/path.h, which goes on from here: no input or output, no logging, no allocation, no clock;
 * any number of threads may decide from the same snapshot.
 */
#ifndef ENGINE_DECIDE_H
#define ENGINE_DECIDE_H

#include <stdint.h>

#include "engine/snapshot.h"
#include "rules/facts.h"

/* Where a packet was met; names are NULL where there is no interface or it is not known. */
struct packet_origin {
	enum direction direction;
	const char *iif;
	const char *oif;
};

/* Collects what the rules may ask about the packet; *packet must outlive the facts. */
struct facts decide_facts(const struct snapshot *snapshot, const struct packet *packet,
			  const struct packet_origin *origin);

/*
 * Whether it is known which end is local where the interfaces are not: for traffic of this host,
 * and where one end alone is in `local:`.
 */
bool decide_knows_ends(const struct snapshot *snapshot, const struct packet *packet,
		       enum direction direction);

/*
 * Why the table lets this packet pass without asking (loopback, neighbour discovery, DHCP,
 * multicast, broadcast, management), or NULL where it would ask. The table itself does this in
 * the kernel (kernel/table.h); this is its counterpart for `explain`. Broadcast addresses of
 * single networks are known to the kernel only.
 */
const char *decide_exemption(const struct snapshot *snapshot, const struct facts *facts);

#endif
