/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One shard's hash table: buckets of slot numbers, chained through the sessions themselves.
 *
 * It grows without a pause: when there are half as many sessions as buckets, somebody allocates
 * twice as many (outside of the lock) and hands them in; from then on every call of
 * session_index_step() moves a few buckets over, and look-ups go to the old or the new array by how
 * far that has come. Sessions have no room for their hash: it is computed again from their key.
 */
#ifndef THROTTLE_SESSION_INDEX_H
#define THROTTLE_SESSION_INDEX_H

#include <stdbool.h>

#include "throttle/session_store.h"
#include "throttle/siphash.h"

struct session_index {
	uint32_t *buckets;
	uint32_t mask; /* buckets - 1, a power of two less one */
	uint32_t *old; /* NULL: nothing is being moved */
	uint32_t old_mask;
	uint32_t moved; /* old buckets below this one are empty */
	uint32_t count;
	uint32_t key_size;
	struct siphash_key hash_key;
	struct session_store *store;
};

/* `buckets` is rounded up to a power of two. 0 or -ENOMEM. */
int session_index_init(struct session_index *index, struct session_store *store, uint32_t key_size,
		       const struct siphash_key *hash_key, uint32_t buckets);
void session_index_fini(struct session_index *index);

/* The slot of the session with this key, or 0. */
uint32_t session_index_find(const struct session_index *index, uint64_t hash, const void *key);
void session_index_insert(struct session_index *index, uint64_t hash, uint32_t slot);
void session_index_remove(struct session_index *index, uint32_t slot);

/* Moves a few buckets. Returns an array that is no longer needed, for free(3) later, or NULL. */
void *session_index_step(struct session_index *index);

/* The number of buckets to hand in with session_index_grow(), 0: it need not grow. */
uint32_t session_index_wants(const struct session_index *index);
/* Takes `buckets` (zeroed) over; false where another thread was first: the caller keeps them. */
bool session_index_grow(struct session_index *index, uint32_t *buckets, uint32_t count);

/* Bytes of its arrays. */
size_t session_index_bytes(const struct session_index *index);

#endif
