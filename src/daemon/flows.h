/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections that a worker remembers, with their way through the rules (engine/path.h). A table of
 * fixed size in which a newer connection may push out an older one; it belongs to one thread.
 *
 * A worker has two. One is of the connections that it has just decided: a new one may send several
 * packets before its conntrack entry is confirmed, each of them is asked for, and all must get the
 * decision of the first and be charged as one connection. The other is of those whose packets stay
 * queued; what it has lost is found again by the rules, exactly but for what differs from packet to
 * packet (length, dscp, mark, time).
 */
#ifndef DAEMON_FLOWS_H
#define DAEMON_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/path.h"
#include "net/packet.h"

/* Longer than a packet waits in a queue, shorter than a refused client takes to try again. */
#define FLOWS_RECENT_NS 100000000u
#define FLOWS_FOR_GOOD UINT64_MAX

/* Throttles of a connection; one with more is not remembered. */
#define FLOWS_STEPS_MAX 16

struct flows;

/* Of addresses, protocol, ports and ICMP identifier. */
uint32_t flows_hash(const struct packet *packet);

/* `slots` is a power of two. */
struct flows *flows_new(unsigned slots);
void flows_free(struct flows *flows);

/* Forgets all. */
void flows_clear(struct flows *flows);

/*
 * The path of a connection that was added at most max_age_ns ago; `packet` is of its original
 * direction, `now_ns` CLOCK_MONOTONIC. False where there is none, or where the packet has not
 * what connections are told apart by (packet_has_flow()). path->steps is the caller's.
 */
bool flows_find(const struct flows *flows, const struct packet *packet, uint64_t now_ns,
		uint64_t max_age_ns, struct path *path);
void flows_add(struct flows *flows, const struct packet *packet, uint64_t now_ns,
	       const struct path *path);

#endif
