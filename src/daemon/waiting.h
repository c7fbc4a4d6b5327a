/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets whose verdict waits until the owner of their connection is found (owner/owners.h). A room
 * of fixed size, which keeps their first bytes, for the kernel's are gone with the batch; it
 * belongs to one thread.
 *
 * Of each connection the first packet has asked, and its token will come back with the answer;
 * later ones wait behind it. All stand in the order in which they came, so that the first of all is
 * the first that is late.
 */
#ifndef DAEMON_WAITING_H
#define DAEMON_WAITING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "kernel/nfqueue.h"
#include "kernel/nfqueue_message.h"
#include "net/packet.h"

/* Of all workers together. */
#define WAITING_MAX 256u

/* Beside them, behind those of their connections, until a batch is answered. */
#define WAITING_RESERVE NFQUEUE_BATCH

struct waiting_packet {
	struct nfqueue_packet queued; /* its data is kept here */
	struct packet flow;           /* the connection, by its original direction */
	uint64_t token;               /* of what was asked for it; 0: another asks */
	uint64_t since_ns;            /* CLOCK_MONOTONIC */
	uint32_t hash;
	TAILQ_ENTRY(waiting_packet) place;
	uint8_t bytes[NFQUEUE_COPY_RANGE];
};

struct waiting;

/* For `room` packets and the reserve. */
struct waiting *waiting_new(unsigned room);
void waiting_free(struct waiting *waiting);

unsigned waiting_count(const struct waiting *waiting);
/* The room is full; there may be some in the reserve. */
bool waiting_is_full(const struct waiting *waiting);
bool waiting_is_crowded(const struct waiting *waiting);

/* True where a packet of this connection waits. */
bool waiting_has(const struct waiting *waiting, const struct packet *flow);

/* Copies the packet, which is the last one then. There must be room. */
void waiting_add(struct waiting *waiting, const struct nfqueue_packet *queued,
		 const struct packet *flow, uint64_t token, uint64_t now_ns);

/* The packet that has waited longest; NULL: none waits. */
struct waiting_packet *waiting_first(const struct waiting *waiting);

/* The packet that waits for this answer; NULL: it was late, and is gone. */
struct waiting_packet *waiting_find(const struct waiting *waiting, uint64_t token);

/* The next one of its connection; NULL: none. */
struct waiting_packet *waiting_behind(const struct waiting_packet *packet);

void waiting_remove(struct waiting *waiting, struct waiting_packet *packet);

#endif
