/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/session_store.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "throttle/huge_memory.h"

/* What the first chunk leaves to small pages: some 70,000 sessions. */
#define SMALL_BYTES (3 * HUGE_PAGE_BYTES)

static_assert(SESSION_STORE_CHUNK_SLOTS * _Alignof(struct session) % HUGE_PAGE_BYTES == 0,
	      "a chunk is whole huge pages, whatever the size of its slots");

static size_t chunk_size(const struct session_store *store)
{
	return SESSION_STORE_CHUNK_SLOTS * store->slot_size;
}

static int add_chunk(struct session_store *store, uint32_t chunk)
{
	uint8_t *memory = huge_memory_map(chunk_size(store), chunk == 0 ? SMALL_BYTES : 0);
	if (!memory)
		return -ENOMEM;
	atomic_store_explicit(&store->chunks[chunk], memory, memory_order_release);
	return 0;
}

int session_store_init(struct session_store *store, size_t key_size, uint32_t max)
{
	memset(store, 0, sizeof(*store));
	spinlock_init(&store->lock);
	size_t align = _Alignof(struct session);
	store->slot_size = (offsetof(struct session, key) + key_size + align - 1) / align * align;
	store->fresh = 1;
	store->max = max;
	return add_chunk(store, 0);
}

void session_store_fini(struct session_store *store)
{
	for (uint32_t i = 0; i < SESSION_STORE_CHUNKS; i++) {
		if (store->chunks[i])
			munmap(store->chunks[i], chunk_size(store));
	}
	spinlock_fini(&store->lock);
}

static uint32_t take_fresh(struct session_store *store)
{
	uint32_t slot = store->fresh;
	uint32_t chunk = slot >> SESSION_STORE_CHUNK_BITS;
	if (chunk >= SESSION_STORE_CHUNKS || (!store->chunks[chunk] && add_chunk(store, chunk) < 0))
		return 0;
	store->fresh++;
	return slot;
}

uint32_t session_store_take(struct session_store *store)
{
	uint32_t slot = 0;
	spinlock_lock(&store->lock);
	if (store->used < store->max) {
		slot = store->free;
		if (slot)
			store->free = session_link_get(&session_at(store, slot)->chain);
		else
			slot = take_fresh(store);
		store->used += slot != 0;
	}
	spinlock_unlock(&store->lock);
	return slot;
}

void session_store_give(struct session_store *store, uint32_t slot)
{
	struct session *session = session_at(store, slot);
	spinlock_lock(&store->lock);
	session_link_set(&session->chain, store->free);
	store->free = slot;
	store->used--;
	spinlock_unlock(&store->lock);
}

void session_store_set_max(struct session_store *store, uint32_t max)
{
	spinlock_lock(&store->lock);
	store->max = max;
	spinlock_unlock(&store->lock);
}

static uint32_t read_locked(struct session_store *store, const uint32_t *number)
{
	spinlock_lock(&store->lock);
	uint32_t value = *number;
	spinlock_unlock(&store->lock);
	return value;
}

uint32_t session_store_used(struct session_store *store)
{
	return read_locked(store, &store->used);
}

uint32_t session_store_max(struct session_store *store)
{
	return read_locked(store, &store->max);
}

uint32_t session_store_end(struct session_store *store)
{
	return read_locked(store, &store->fresh);
}
