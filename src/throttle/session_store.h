/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of a table's sessions: slots of one size, named by a number of 32 bits from 1 on (0 is
 * none), in chunks of 262,144 that stay where they are as long as the store lives. A chunk is
 * reserved address space (mmap, no reserve): the kernel gives memory page by page as slots are
 * first used, so taking a slot costs a packet at most one page fault, and one mmap in 262,144.
 */
#ifndef THROTTLE_SESSION_STORE_H
#define THROTTLE_SESSION_STORE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "throttle/spinlock.h"

#define SESSION_STORE_CHUNK_BITS 18
#define SESSION_STORE_CHUNK_SLOTS (1u << SESSION_STORE_CHUNK_BITS)
#define SESSION_STORE_CHUNKS 1024u
/* The most sessions that one table can be asked to hold: 268 million. */
#define SESSION_STORE_MAX (SESSION_STORE_CHUNKS * SESSION_STORE_CHUNK_SLOTS - 1)

/*
 * A slot number that names another session, or the first one of a bucket. It is written under a
 * lock and read under the same, or without any for a hint what to prefetch: that may be out of
 * date, but it is always 0 or a slot whose memory is there (hence release and acquire).
 */
typedef _Atomic uint32_t session_link;

static inline uint32_t session_link_get(const session_link *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

static inline void session_link_set(session_link *link, uint32_t slot)
{
	atomic_store_explicit(link, slot, memory_order_release);
}

/*
 * One session. Belongs to the shard that `owner` names and is read and written under that shard's
 * lock; only `owner` itself and the links are looked at without. Times are on the table's clock.
 */
struct session {
	uint64_t sequence;    /* of its last use; grows over the whole table */
	uint64_t used_ns;     /* its last use */
	uint64_t state_ns;    /* window: opened; bucket: tokens missing */
	uint32_t state_count; /* window: packets passed in it */
	uint32_t created_s;
	uint32_t passed; /* packets since it was made; these two stop at their largest value */
	uint32_t over;
	session_link chain; /* next of the same bucket, or of the free ones */
	session_link newer; /* used next after this one, in its shard */
	session_link older;
	_Atomic uint8_t owner; /* shard + 1; 0: nobody's */
	uint8_t key[];
};

struct session_store {
	struct spinlock lock;
	size_t slot_size;
	uint32_t free;  /* first of the chain of slots given back */
	uint32_t fresh; /* first slot never used */
	uint32_t used;  /* slots that are out */
	uint32_t max;
	_Atomic(uint8_t *) chunks[SESSION_STORE_CHUNKS];
};

/* For keys of key_size bytes, at most `max` (1 … SESSION_STORE_MAX) slots out. 0 or -ENOMEM. */
int session_store_init(struct session_store *store, size_t key_size, uint32_t max);
void session_store_fini(struct session_store *store);

/* A slot whose content is undefined but for `owner`, 0; or 0 where `max` are out, or no memory. */
uint32_t session_store_take(struct session_store *store);
/* Gives a slot back; its `owner` is 0 by now. */
void session_store_give(struct session_store *store, uint32_t slot);

/* May go below what is out: then nothing can be taken until enough has come back. */
void session_store_set_max(struct session_store *store, uint32_t max);

uint32_t session_store_used(struct session_store *store);
uint32_t session_store_max(struct session_store *store);
/* All slots that were ever used are below this one. */
uint32_t session_store_end(struct session_store *store);

static inline struct session *session_at(struct session_store *store, uint32_t slot)
{
	uint8_t *chunk = atomic_load_explicit(&store->chunks[slot >> SESSION_STORE_CHUNK_BITS],
					      memory_order_acquire);
	return (struct session *)(chunk +
				  (slot & (SESSION_STORE_CHUNK_SLOTS - 1)) * store->slot_size);
}

#define SESSION_CACHE_LINE 64

/* Begins to fetch all of a session's memory, to write to it. */
static inline void session_prefetch(struct session_store *store, uint32_t slot)
{
	const uint8_t *first = (const uint8_t *)session_at(store, slot);
	for (size_t i = 0; i < store->slot_size; i += SESSION_CACHE_LINE)
		__builtin_prefetch(first + i, 1);
	__builtin_prefetch(first + store->slot_size - 1, 1);
}

#endif
