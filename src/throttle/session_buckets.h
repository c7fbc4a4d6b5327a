/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of the buckets of all shards' indexes: bucket N of the shards lies side by side, so
 * that the whole grows at one end, evenly, and fills whole huge pages. In chunks of 2 MB that stay
 * where they are as long as the table lives: whoever has no lock may read a bucket, too.
 */
#ifndef THROTTLE_SESSION_BUCKETS_H
#define THROTTLE_SESSION_BUCKETS_H

#include "throttle/session_store.h"

#define SESSION_SHARD_BITS 4
#define SESSION_SHARDS (1u << SESSION_SHARD_BITS)

#define SESSION_BUCKETS_CHUNK_BITS 19
#define SESSION_BUCKETS_CHUNKS 1024u
/* Buckets of one shard in a chunk, and in all: two for each session of the largest table. */
#define SESSION_BUCKETS_STEP (1u << (SESSION_BUCKETS_CHUNK_BITS - SESSION_SHARD_BITS))
#define SESSION_BUCKETS_MAX (SESSION_BUCKETS_CHUNKS * SESSION_BUCKETS_STEP)

struct session_buckets {
	struct spinlock lock; /* while a chunk is added */
	_Atomic(session_link *) chunks[SESSION_BUCKETS_CHUNKS];
};

/* Of what is all zero. */
void session_buckets_init(struct session_buckets *buckets);
void session_buckets_fini(struct session_buckets *buckets);

/*
 * Makes sure that there is bucket `number` of every shard, where there are those before it. 0;
 * -ENOMEM, also where the number is SESSION_BUCKETS_MAX.
 */
int session_buckets_provide(struct session_buckets *buckets, uint32_t number);

static inline session_link *session_bucket(const struct session_buckets *buckets, uint32_t number,
					   uint32_t shard)
{
	uint32_t place = number << SESSION_SHARD_BITS | shard;
	session_link *chunk = atomic_load_explicit(
		&buckets->chunks[place >> SESSION_BUCKETS_CHUNK_BITS], memory_order_acquire);
	return chunk + (place & ((1u << SESSION_BUCKETS_CHUNK_BITS) - 1));
}

#endif
