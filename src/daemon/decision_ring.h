/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker has just decided, for the log (-V 4): a ring of fixed size that the worker fills
 * and the control thread empties. Neither waits for the other; what finds no room is counted.
 */
#ifndef DAEMON_DECISION_RING_H
#define DAEMON_DECISION_RING_H

#include <stdint.h>

#include "daemon/question.h"

#define DECISION_RING_SIZE 1024u /* a power of two */

struct decision_entry {
	const struct snapshot *snapshot; /* it was judged by */
	struct packet packet;
	enum direction direction;
	uint32_t iif; /* interface indexes, 0: none */
	uint32_t oif;
	struct decision decision;
	uint32_t call; /* id of the throttle that the packet called; 0: none */
};

struct decision_ring;

struct decision_ring *decision_ring_new(void);
void decision_ring_free(struct decision_ring *ring);

/* The worker: what was decided on the question. */
void decision_ring_add(struct decision_ring *ring, const struct snapshot *snapshot,
		       const struct question *question);

/* The same in two steps: where to write the next entry, or NULL where there is no room; then commit
 * it. */
struct decision_entry *decision_ring_reserve(struct decision_ring *ring);
void decision_ring_commit(struct decision_ring *ring);

/* The control thread: the oldest entry, or NULL; release it when it is done with. */
const struct decision_entry *decision_ring_peek(const struct decision_ring *ring);
void decision_ring_release(struct decision_ring *ring);

/* How many found no room so far. Any thread. */
uint64_t decision_ring_lost(const struct decision_ring *ring);

#endif
