/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/session_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "throttle/session_table_layout.h"

#define EXPIRED_PER_USE 2
#define NS_PER_S 1000000000ull

static int init_shard(struct session_table *table, unsigned number, uint32_t buckets)
{
	struct shard *shard = &table->shards[number];
	table->oldest[number] = SHARD_NOTHING;
	shard->number = (uint8_t)number;
	shard->shown_sequence = &table->oldest[number];
	shard->index = (struct session_index){
		.key_size = (uint32_t)table->key_size,
		.hash_key = table->hash_key,
		.store = &table->store,
		.buckets = &table->buckets,
	};
	return session_index_init(&shard->index, number, buckets);
}

int session_table_new(const struct session_table_options *options, struct session_table **ret_table)
{
	if (options->max < 1 || options->max > SESSION_STORE_MAX || options->key_size < 1 ||
	    options->key_size > SESSION_KEY_MAX)
		return -EINVAL;
	struct session_table *table = aligned_alloc(SHARD_CACHE_LINE, sizeof(*table));
	if (!table)
		return -ENOMEM;
	memset(table, 0, sizeof(*table));
	session_buckets_init(&table->buckets);
	for (unsigned i = 0; i < SESSION_SHARDS; i++)
		spinlock_init(&table->shards[i].lock);
	table->key_size = options->key_size;
	table->expire_ns = options->expire_ns;
	table->walked = SESSION_SHARDS;
	int error = session_store_init(&table->store, options->key_size, options->max);
	if (getrandom(&table->hash_key, sizeof(table->hash_key), 0) != sizeof(table->hash_key))
		error = -EIO;
	for (unsigned i = 0; i < SESSION_SHARDS && !error; i++)
		error = init_shard(table, i, options->buckets / SESSION_SHARDS);
	if (error) {
		session_table_free(table);
		return error;
	}
	*ret_table = table;
	return 0;
}

void session_table_free(struct session_table *table)
{
	if (!table)
		return;
	for (unsigned i = 0; i < SESSION_SHARDS; i++)
		spinlock_fini(&table->shards[i].lock);
	session_buckets_fini(&table->buckets);
	session_store_fini(&table->store);
	free(table);
}

/* Takes the slot of the session used longest ago of all; 0: there is none. No lock is held. */
static uint32_t evict(struct session_table *table)
{
	for (;;) {
		unsigned best = 0;
		uint64_t lowest = SHARD_NOTHING;
		for (unsigned i = 0; i < SESSION_SHARDS; i++) {
			uint64_t sequence =
				atomic_load_explicit(&table->oldest[i], memory_order_acquire);
			if (sequence < lowest) {
				lowest = sequence;
				best = i;
			}
		}
		if (lowest == SHARD_NOTHING)
			return 0;
		struct shard *shard = &table->shards[best];
		spinlock_lock(&shard->lock);
		uint32_t slot = shard->oldest;
		bool still_holds = slot && session_table_at(table, slot)->sequence == lowest;
		if (still_holds) {
			shard_forget(shard, slot);
			shard_figure_add(&shard->evicted, 1);
			/* For the next eviction from this shard. */
			if (shard->oldest)
				session_index_prefetch(&shard->index, shard->oldest);
		}
		spinlock_unlock(&shard->lock);
		if (still_holds)
			return slot;
	}
}

/* A slot whatever it takes. No lock is held. */
static uint32_t take_slot(struct session_table *table)
{
	for (;;) {
		uint32_t slot = session_store_take(&table->store);
		if (slot)
			return slot;
		slot = evict(table);
		/* After `max` was lowered, sessions go two for one until there are few enough. */
		if (slot && session_store_used(&table->store) <= session_store_max(&table->store))
			return slot;
		if (slot)
			session_store_give(&table->store, slot);
		else
			sched_yield(); /* all are in the hands of other threads, for a moment */
	}
}

static void reset(struct session *session, uint64_t now_ns)
{
	session->state_ns = 0;
	session->state_count = 0;
	session->passed = 0;
	session->over = 0;
	session->created_s = (uint32_t)(now_ns / NS_PER_S);
}

/* The slot of a session that was not found, with the lock given up while one is evicted. */
static uint32_t make_session(struct session_table *table, struct shard *shard, uint64_t hash,
			     const struct session_key *key, bool *ret_is_new)
{
	uint32_t slot = session_store_take(&table->store);
	if (!slot) {
		spinlock_unlock(&shard->lock);
		slot = take_slot(table);
		spinlock_lock(&shard->lock);
		uint32_t other = session_index_find(&shard->index, hash, key->bytes);
		if (other) {
			session_store_give(&table->store, slot);
			*ret_is_new = false;
			return other;
		}
	}
	memcpy(session_table_at(table, slot)->key, key->bytes, table->key_size);
	shard_add(shard, slot, hash);
	*ret_is_new = true;
	return slot;
}

static struct shard *shard_of(struct session_table *table, uint64_t hash)
{
	return &table->shards[hash >> (64 - SESSION_SHARD_BITS)];
}

uint64_t session_table_hash(struct session_table *table, const struct session_key *key)
{
	uint64_t hash = siphash(&table->hash_key, key->bytes, table->key_size);
	__builtin_prefetch(session_index_bucket(&shard_of(table, hash)->index, hash));
	return hash;
}

uint32_t session_table_fetch(struct session_table *table, uint64_t hash)
{
	return session_index_fetch(&shard_of(table, hash)->index, hash);
}

uint32_t session_table_fetch_more(struct session_table *table, uint32_t slot)
{
	const struct session *session = session_table_at(table, slot);
	uint32_t next = session_link_get(&session->chain);
	if (next)
		session_prefetch(&table->store, next);
	shard_prefetch(&table->store, session);
	return next;
}

void session_table_acquire(struct session_table *table, const struct session_key *key,
			   uint64_t hash, uint64_t now_ns, struct session_use *ret_use)
{
	uint64_t expire_ns = session_table_expire_ns(table);
	struct shard *shard = shard_of(table, hash);
	spinlock_lock(&shard->lock);
	shard_expire(shard, now_ns, expire_ns, EXPIRED_PER_USE);
	bool is_new = false;
	uint32_t slot = session_index_find(&shard->index, hash, key->bytes);
	if (!slot)
		slot = make_session(table, shard, hash, key, &is_new);
	struct session *session = session_table_at(table, slot);
	if (!is_new)
		shard_prefetch(&table->store, session);
	uint64_t sequence = atomic_fetch_add_explicit(&table->sequence, 1, memory_order_relaxed);
	if (!is_new) {
		shard_unlist(shard, session);
		is_new = shard_is_expired(session->used_ns, now_ns, expire_ns);
	}
	if (is_new)
		reset(session, now_ns);
	uint64_t previous_ns = is_new ? now_ns : session->used_ns;
	shard_list(shard, slot, sequence, now_ns);
	*ret_use = (struct session_use){session, previous_ns, shard->number};
}

static void add_saturated(uint32_t *counter, uint32_t number)
{
	*counter = number < UINT32_MAX - *counter ? *counter + number : UINT32_MAX;
}

void session_table_release(struct session_table *table, struct session_use *use, bool is_within,
			   uint32_t packets)
{
	struct shard *shard = &table->shards[use->shard];
	add_saturated(is_within ? &use->session->passed : &use->session->over, packets);
	shard_figure_add(is_within ? &shard->passed : &shard->over, packets);
	spinlock_unlock(&shard->lock);
	use->session = NULL;
}

void session_table_lock(struct session_table *table)
{
	for (unsigned i = 0; i < SESSION_SHARDS; i++)
		spinlock_lock(&table->shards[i].lock);
}

void session_table_unlock(struct session_table *table)
{
	for (unsigned i = 0; i < SESSION_SHARDS; i++)
		spinlock_unlock(&table->shards[i].lock);
}

void session_table_set_limits(struct session_table *table, uint32_t max, uint64_t expire_ns)
{
	session_store_set_max(&table->store, max);
	atomic_store_explicit(&table->expire_ns, expire_ns, memory_order_relaxed);
}

uint64_t session_table_expire_ns(const struct session_table *table)
{
	return atomic_load_explicit(&table->expire_ns, memory_order_relaxed);
}

uint32_t session_table_expire(struct session_table *table, uint64_t now_ns, uint32_t steps)
{
	uint64_t expire_ns = session_table_expire_ns(table);
	uint32_t count = 0;
	for (unsigned i = 0; i < SESSION_SHARDS; i++) {
		struct shard *shard = &table->shards[i];
		/* A lock for each session: packets get in between. */
		uint32_t found = 1;
		while (found && count < steps) {
			spinlock_lock(&shard->lock);
			found = shard_expire(shard, now_ns, expire_ns, 1);
			spinlock_unlock(&shard->lock);
			count += found;
		}
	}
	while (count < steps &&
	       session_store_used(&table->store) > session_store_max(&table->store)) {
		uint32_t slot = evict(table);
		if (!slot)
			break;
		session_store_give(&table->store, slot);
		count++;
	}
	return count;
}

void session_table_set_totals(struct session_table *table, uint64_t passed, uint64_t over,
			      uint64_t evicted)
{
	/* One shard has it all: only the sums are ever shown. */
	for (unsigned i = 0; i < SESSION_SHARDS; i++) {
		struct shard *shard = &table->shards[i];
		spinlock_lock(&shard->lock);
		atomic_store_explicit(&shard->passed, i ? 0 : passed, memory_order_relaxed);
		atomic_store_explicit(&shard->over, i ? 0 : over, memory_order_relaxed);
		atomic_store_explicit(&shard->evicted, i ? 0 : evicted, memory_order_relaxed);
		spinlock_unlock(&shard->lock);
	}
}

void session_table_figures(struct session_table *table, struct session_table_figures *ret_figures)
{
	struct session_table_figures figures = {
		.sessions = session_store_used(&table->store),
		.max = session_store_max(&table->store),
	};
	figures.bytes = sizeof(*table) +
			(session_store_end(&table->store) - 1) * (uint64_t)table->store.slot_size;
	for (unsigned i = 0; i < SESSION_SHARDS; i++) {
		struct shard *shard = &table->shards[i];
		figures.passed += shard_figure_read(&shard->passed);
		figures.over += shard_figure_read(&shard->over);
		figures.evicted += shard_figure_read(&shard->evicted);
		spinlock_lock(&shard->lock);
		figures.bytes += session_index_bytes(&shard->index);
		spinlock_unlock(&shard->lock);
	}
	*ret_figures = figures;
}

size_t session_table_session_bytes(const struct session_table *table)
{
	return table->store.slot_size;
}
