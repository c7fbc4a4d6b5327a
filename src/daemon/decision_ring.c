/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/decision_ring.h"

#include <nfshaper/mark.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "util/alloc.h"

struct decision_ring {
	/* Each written by one thread only; they count entries and wrap around with the ring. */
	_Alignas(64) _Atomic uint64_t written;
	_Atomic uint64_t lost;
	_Alignas(64) _Atomic uint64_t read;
	struct decision_entry entries[DECISION_RING_SIZE];
};

struct decision_ring *decision_ring_new(void)
{
	struct decision_ring *ring = aligned_alloc(_Alignof(struct decision_ring), sizeof(*ring));
	if (!ring)
		abort();
	atomic_init(&ring->written, 0);
	atomic_init(&ring->lost, 0);
	atomic_init(&ring->read, 0);
	return ring;
}

void decision_ring_free(struct decision_ring *ring)
{
	free(ring);
}

struct decision_entry *decision_ring_reserve(struct decision_ring *ring)
{
	uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint64_t read = atomic_load_explicit(&ring->read, memory_order_acquire);
	if (written - read < DECISION_RING_SIZE)
		return &ring->entries[written % DECISION_RING_SIZE];
	atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
	return NULL;
}

void decision_ring_commit(struct decision_ring *ring)
{
	atomic_fetch_add_explicit(&ring->written, 1, memory_order_release);
}

static uint32_t call_of(uint32_t asked)
{
	uint32_t kind = asked & NFSHAPER_ASK_BITS;
	return kind == NFSHAPER_ASK_CALL || kind == NFSHAPER_ASK_CALL_ALIVE
		       ? asked & ~NFSHAPER_ASK_BITS
		       : 0;
}

void decision_ring_add(struct decision_ring *ring, const struct snapshot *snapshot,
		       const struct question *question)
{
	struct decision_entry *entry = decision_ring_reserve(ring);
	if (!entry)
		return;
	*entry = (struct decision_entry){
		.snapshot = snapshot,
		.packet = question->packet,
		.direction = question->origin.direction,
		.iif = question->queued->iif,
		.oif = question->queued->oif,
		.decision = question->decision,
		.call = call_of(question->queued->asked),
	};
	decision_ring_commit(ring);
}

const struct decision_entry *decision_ring_peek(const struct decision_ring *ring)
{
	uint64_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	uint64_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
	return read == written ? NULL : &ring->entries[read % DECISION_RING_SIZE];
}

void decision_ring_release(struct decision_ring *ring)
{
	atomic_fetch_add_explicit(&ring->read, 1, memory_order_release);
}

uint64_t decision_ring_lost(const struct decision_ring *ring)
{
	return atomic_load_explicit(&ring->lost, memory_order_relaxed);
}
