/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One shard of a session table: a lock, an index, and the list of its sessions in the order of
 * their last use. All functions but shard_prefetch() are called with the
 * shard's lock held.
 */
#ifndef THROTTLE_SESSION_SHARD_H
#define THROTTLE_SESSION_SHARD_H

#include <stdbool.h>

#include "throttle/session_index.h"
#include "throttle/session_key.h"

#define SHARD_CACHE_LINE 64
#define SHARD_NOTHING UINT64_MAX /* the sequence number that an empty shard shows */

/* Written by one thread at a time, under the shard's lock, and read by any. */
typedef _Atomic uint64_t shard_figure;

struct shard {
	_Alignas(SHARD_CACHE_LINE) struct spinlock lock;
	uint8_t number; /* + 1 is the `owner` of its sessions */
	uint32_t newest;
	uint32_t oldest;
	uint32_t walk; /* slot that the walk over what has changed visits next; 0: none */
	uint64_t oldest_used_ns;
	uint64_t latest_ns;               /* of any use: the shard's clock, which never goes back */
	_Atomic uint64_t *shown_sequence; /* the table's: of the oldest session, for all to see */
	shard_figure passed;
	shard_figure over;
	shard_figure evicted;
	uint64_t walk_from; /* sequence number where the walk ends … */
	uint64_t next_from; /* … and the one after it */
	/* What is read without the lock is apart from what each use writes. */
	_Alignas(SHARD_CACHE_LINE) struct session_index index;
};

static inline void shard_figure_add(shard_figure *figure, uint64_t number)
{
	uint64_t value = atomic_load_explicit(figure, memory_order_relaxed);
	atomic_store_explicit(figure, value + number, memory_order_relaxed);
}

static inline uint64_t shard_figure_read(const shard_figure *figure)
{
	return atomic_load_explicit(figure, memory_order_relaxed);
}

/* Puts a filled slot into the index; shard_use() follows. */
void shard_add(struct shard *shard, uint32_t slot, uint64_t hash);

/*
 * Begins to fetch the neighbours in the order of use, which shard_unlist() will write to: in a
 * large table each is a cache miss, and so they come at the same time.
 */
static inline void shard_prefetch(struct session_store *store, const struct session *session)
{
	__builtin_prefetch(&session_at(store, session_link_get(&session->newer))->older, 1);
	__builtin_prefetch(&session_at(store, session_link_get(&session->older))->newer, 1);
}

/* Takes a session out of the order of use; out and back in makes it the one used last. */
void shard_unlist(struct shard *shard, const struct session *session);
/*
 * Makes a session that is not in the order the one used last, as the table's use number
 * `sequence`, at now_ns, or at the latest time of any use in the shard where that is later (a
 * worker with an older batch must neither put the list out of the order of time nor set a session
 * back, whose bucket would then fill twice in the same time).
 */
void shard_list(struct shard *shard, uint32_t slot, uint64_t sequence, uint64_t now_ns);

/* Removes a session from order and index; the slot is the caller's. */
void shard_forget(struct shard *shard, uint32_t slot);

static inline bool shard_is_expired(uint64_t used_ns, uint64_t now_ns, uint64_t expire_ns)
{
	return now_ns > used_ns && now_ns - used_ns >= expire_ns;
}

/*
 * The walk over the sessions used since the walk before began, from the one used last on. It needs
 * no copy of the list: a session that leaves its place (used again, evicted) passes the walk on to
 * its neighbour. What is used again meanwhile belongs to the next walk.
 */
void shard_walk_begin(struct shard *shard);
/* The next one, NULL: that was the last. */
const struct session *shard_walk_next(struct shard *shard);
/* Leaves out what has been used so far. */
void shard_walk_skip(struct shard *shard);
bool shard_has_changed(const struct shard *shard);

/* Gives the slots of up to `most` expired sessions back; returns how many. */
uint32_t shard_expire(struct shard *shard, uint64_t now_ns, uint64_t expire_ns, uint32_t most);

#endif
