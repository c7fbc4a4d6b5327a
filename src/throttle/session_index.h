/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One shard's hash table: buckets of slot numbers, chained through the sessions themselves.
 *
 * It grows without a pause by linear hashing (W. Litwin, "Linear hashing: a new tool for file and
 * table addressing", 1980): while there are fewer than two buckets a session, each new session
 * splits the next buckets in turn, some sessions of which move to a new bucket at the end. Nothing
 * is ever freed or moved but within the chains, so that a thread without the lock may look at a
 * bucket for a hint what to prefetch. Sessions have no room for their hash: it is computed again
 * from their key.
 */
#ifndef THROTTLE_SESSION_INDEX_H
#define THROTTLE_SESSION_INDEX_H

#include <stdbool.h>

#include "throttle/session_buckets.h"
#include "throttle/session_store.h"
#include "throttle/siphash.h"

struct session_index {
	_Atomic uint32_t size; /* buckets, at least 1 */
	uint32_t count;        /* sessions */
	uint32_t shard;
	uint32_t key_size;
	struct siphash_key hash_key;
	struct session_store *store;
	struct session_buckets *buckets;
};

/* `size` is the number of buckets to begin with, made a power of two, at least 64. 0 or -ENOMEM. */
int session_index_init(struct session_index *index, uint32_t shard, uint32_t size);

/* The slot of the session with this key, or 0. */
uint32_t session_index_find(const struct session_index *index, uint64_t hash, const void *key);
void session_index_insert(struct session_index *index, uint64_t hash, uint32_t slot);
void session_index_remove(struct session_index *index, uint32_t slot);

/*
 * Begins to fetch the first session of the bucket; without the lock, too. Returns its slot, or 0
 * where there is none or the index so small that it is not worth it.
 */
uint32_t session_index_fetch(const struct session_index *index, uint64_t hash);
/* Begins to fetch the bucket of a session, which session_index_remove() will read. */
void session_index_prefetch(const struct session_index *index, uint32_t slot);

/* Bytes of its buckets. */
size_t session_index_bytes(const struct session_index *index);

static inline uint32_t session_index_size(const struct session_index *index)
{
	return atomic_load_explicit(&index->size, memory_order_acquire);
}

/* The bucket of a hash: all below twice the largest power of two in `size`, or half of that. */
static inline session_link *session_index_bucket(const struct session_index *index, uint64_t hash)
{
	uint32_t size = session_index_size(index);
	uint32_t power = 1u << (31 - __builtin_clz(size));
	uint32_t number = (uint32_t)hash & (2 * power - 1);
	return session_bucket(index->buckets, number < size ? number : number - power,
			      index->shard);
}

#endif
