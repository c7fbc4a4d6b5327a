/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/session_index.h"

#include <errno.h>
#include <string.h>

#define BUCKETS_MIN 64u
#define BUCKETS_PER_SESSION 2
/* More than it takes to keep up, for when the memory for it was refused for a while. */
#define SPLITS_PER_INSERTION 4
/* So far ahead of the splitting the sessions that it will ask for their keys are prefetched. */
#define PREFETCH_AHEAD 4
/* With fewer, some 8,000 sessions in all shards, the table stays in the cache by itself. */
#define FETCH_MIN_BUCKETS 1024

int session_index_init(struct session_index *index, uint32_t shard, uint32_t size)
{
	uint32_t power = BUCKETS_MIN;
	while (power < size && power < SESSION_BUCKETS_MAX)
		power *= 2;
	index->shard = shard;
	for (uint32_t i = 0; i < power; i += SESSION_BUCKETS_STEP) {
		if (session_buckets_provide(index->buckets, i) < 0)
			return -ENOMEM;
	}
	index->size = power;
	return 0;
}

static uint64_t hash_of(const struct session_index *index, const struct session *session)
{
	return siphash(&index->hash_key, session->key, index->key_size);
}

uint32_t session_index_find(const struct session_index *index, uint64_t hash, const void *key)
{
	uint32_t slot = session_link_get(session_index_bucket(index, hash));
	while (slot) {
		const struct session *session = session_at(index->store, slot);
		if (memcmp(session->key, key, index->key_size) == 0)
			break;
		slot = session_link_get(&session->chain);
	}
	return slot;
}

static void push(struct session_index *index, session_link *bucket, uint32_t slot)
{
	session_link_set(&session_at(index->store, slot)->chain, session_link_get(bucket));
	session_link_set(bucket, slot);
}

/* Takes what follows a link out of its chain. */
static void unchain(struct session_index *index, session_link *link)
{
	const struct session *session = session_at(index->store, session_link_get(link));
	session_link_set(link, session_link_get(&session->chain));
}

/* Bucket `size`, which is new, gets half of the sessions of the one that had them so far. */
static void split(struct session_index *index, uint32_t size)
{
	uint32_t power = 1u << (31 - __builtin_clz(size));
	uint32_t old = size - power;
	session_link *to = session_bucket(index->buckets, size, index->shard);
	session_link *link = session_bucket(index->buckets, old, index->shard);
	if (old + PREFETCH_AHEAD < power)
		session_prefetch(index->store,
				 session_link_get(session_bucket(
					 index->buckets, old + PREFETCH_AHEAD, index->shard)));
	uint32_t slot;
	while ((slot = session_link_get(link))) {
		struct session *session = session_at(index->store, slot);
		if (hash_of(index, session) & power) {
			unchain(index, link);
			push(index, to, slot);
		} else {
			link = &session->chain;
		}
	}
	atomic_store_explicit(&index->size, size + 1, memory_order_release);
}

/* Without memory chains get longer; the next new session tries again. */
static void grow(struct session_index *index)
{
	for (int i = 0; i < SPLITS_PER_INSERTION; i++) {
		uint32_t size = session_index_size(index);
		if (size / BUCKETS_PER_SESSION >= index->count ||
		    session_buckets_provide(index->buckets, size) < 0)
			break;
		split(index, size);
	}
}

void session_index_insert(struct session_index *index, uint64_t hash, uint32_t slot)
{
	push(index, session_index_bucket(index, hash), slot);
	index->count++;
	grow(index);
}

void session_index_remove(struct session_index *index, uint32_t slot)
{
	const struct session *session = session_at(index->store, slot);
	session_link *link = session_index_bucket(index, hash_of(index, session));
	while (session_link_get(link) != slot)
		link = &session_at(index->store, session_link_get(link))->chain;
	unchain(index, link);
	index->count--;
}

uint32_t session_index_fetch(const struct session_index *index, uint64_t hash)
{
	if (session_index_size(index) < FETCH_MIN_BUCKETS)
		return 0;
	uint32_t slot = session_link_get(session_index_bucket(index, hash));
	if (slot)
		session_prefetch(index->store, slot);
	return slot;
}

void session_index_prefetch(const struct session_index *index, uint32_t slot)
{
	uint64_t hash = hash_of(index, session_at(index->store, slot));
	__builtin_prefetch(session_index_bucket(index, hash), 1);
}

size_t session_index_bytes(const struct session_index *index)
{
	return session_index_size(index) * sizeof(session_link);
}
