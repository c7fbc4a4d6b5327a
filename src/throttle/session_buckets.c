/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/session_buckets.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "throttle/huge_memory.h"

#define CHUNK_BYTES (sizeof(session_link) << SESSION_BUCKETS_CHUNK_BITS)

static_assert(CHUNK_BYTES % HUGE_PAGE_BYTES == 0, "a chunk is whole huge pages");

void session_buckets_init(struct session_buckets *buckets)
{
	spinlock_init(&buckets->lock);
}

void session_buckets_fini(struct session_buckets *buckets)
{
	for (uint32_t i = 0; i < SESSION_BUCKETS_CHUNKS; i++) {
		if (buckets->chunks[i])
			munmap(buckets->chunks[i], CHUNK_BYTES);
	}
	spinlock_fini(&buckets->lock);
}

/* The first chunk keeps small pages: most tables stay below its 262,144 sessions. */
static int add_chunk(struct session_buckets *buckets, uint32_t chunk)
{
	int error = 0;
	spinlock_lock(&buckets->lock);
	if (!buckets->chunks[chunk]) {
		session_link *memory = huge_memory_map(CHUNK_BYTES, chunk == 0 ? CHUNK_BYTES : 0);
		if (memory)
			atomic_store_explicit(&buckets->chunks[chunk], memory,
					      memory_order_release);
		else
			error = -ENOMEM;
	}
	spinlock_unlock(&buckets->lock);
	return error;
}

int session_buckets_provide(struct session_buckets *buckets, uint32_t number)
{
	if (number >= SESSION_BUCKETS_MAX)
		return -ENOMEM;
	uint32_t chunk = number / SESSION_BUCKETS_STEP;
	if (atomic_load_explicit(&buckets->chunks[chunk], memory_order_acquire))
		return 0;
	return add_chunk(buckets, chunk);
}
