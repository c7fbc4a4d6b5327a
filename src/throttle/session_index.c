/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/session_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_PER_STEP 4
#define BUCKETS_MIN 64u
#define BUCKETS_MAX (1u << 28)

int session_index_init(struct session_index *index, struct session_store *store, uint32_t key_size,
		       const struct siphash_key *hash_key, uint32_t buckets)
{
	uint32_t size = BUCKETS_MIN;
	while (size < buckets && size < BUCKETS_MAX)
		size *= 2;
	*index = (struct session_index){
		.buckets = calloc(size, sizeof(*index->buckets)),
		.mask = size - 1,
		.key_size = key_size,
		.hash_key = *hash_key,
		.store = store,
	};
	return index->buckets ? 0 : -ENOMEM;
}

void session_index_fini(struct session_index *index)
{
	free(index->buckets);
	free(index->old);
}

static uint64_t hash_of(const struct session_index *index, const struct session *session)
{
	return siphash(&index->hash_key, session->key, index->key_size);
}

static uint32_t *bucket_of(const struct session_index *index, uint64_t hash)
{
	if (index->old && (hash & index->old_mask) >= index->moved)
		return &index->old[hash & index->old_mask];
	return &index->buckets[hash & index->mask];
}

uint32_t session_index_find(const struct session_index *index, uint64_t hash, const void *key)
{
	uint32_t slot = *bucket_of(index, hash);
	while (slot) {
		const struct session *session = session_at(index->store, slot);
		if (memcmp(session->key, key, index->key_size) == 0)
			break;
		slot = session->chain;
	}
	return slot;
}

void session_index_insert(struct session_index *index, uint64_t hash, uint32_t slot)
{
	uint32_t *bucket = bucket_of(index, hash);
	session_at(index->store, slot)->chain = *bucket;
	*bucket = slot;
	index->count++;
}

void session_index_remove(struct session_index *index, uint32_t slot)
{
	const struct session *session = session_at(index->store, slot);
	uint32_t *link = bucket_of(index, hash_of(index, session));
	while (*link != slot)
		link = &session_at(index->store, *link)->chain;
	*link = session->chain;
	index->count--;
}

static void move_bucket(struct session_index *index, uint32_t bucket)
{
	uint32_t slot = index->old[bucket];
	while (slot) {
		struct session *session = session_at(index->store, slot);
		uint32_t next = session->chain;
		uint32_t *to = &index->buckets[hash_of(index, session) & index->mask];
		session->chain = *to;
		*to = slot;
		slot = next;
	}
}

void *session_index_step(struct session_index *index)
{
	if (!index->old)
		return NULL;
	for (int i = 0; i < BUCKETS_PER_STEP && index->moved <= index->old_mask; i++)
		move_bucket(index, index->moved++);
	if (index->moved <= index->old_mask)
		return NULL;
	void *empty = index->old;
	index->old = NULL;
	return empty;
}

uint32_t session_index_wants(const struct session_index *index)
{
	uint32_t size = index->mask + 1;
	return !index->old && index->count > size / 2 && size < BUCKETS_MAX ? size * 2 : 0;
}

bool session_index_grow(struct session_index *index, uint32_t *buckets, uint32_t count)
{
	if (session_index_wants(index) != count)
		return false;
	index->old = index->buckets;
	index->old_mask = index->mask;
	index->moved = 0;
	index->buckets = buckets;
	index->mask = count - 1;
	return true;
}

size_t session_index_bytes(const struct session_index *index)
{
	size_t buckets = (size_t)index->mask + 1;
	if (index->old)
		buckets += (size_t)index->old_mask + 1;
	return buckets * sizeof(*index->buckets);
}
