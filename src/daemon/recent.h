/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flows that a worker has just decided. A new flow may send several packets before its
 * conntrack entry is confirmed: each of them is asked for, and all must get the decision of the
 * first, also where a rule looks at what differs between them, such as the length. A table of
 * fixed size in which a newer flow may push out an older one; it belongs to one thread.
 */
#ifndef DAEMON_RECENT_H
#define DAEMON_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "net/packet.h"

/* Longer than a packet waits in a queue, shorter than a refused client takes to try again. */
#define RECENT_NS 100000000u

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent *recent);

/* Forgets all. */
void recent_clear(struct recent *recent);

/*
 * The decision on another packet of the flow in the last RECENT_NS. False where there was none, or
 * where the packet has no ports, by which flows are told apart. `now_ns` is CLOCK_MONOTONIC.
 */
bool recent_find(const struct recent *recent, const struct packet *packet, uint64_t now_ns,
		 uint32_t *ret_decision);
void recent_add(struct recent *recent, const struct packet *packet, uint64_t now_ns,
		uint32_t decision);

#endif
