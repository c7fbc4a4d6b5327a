/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sessions of a table one after the other, beside the packets that use them. */
#include <stddef.h>
#include <string.h>

#include "throttle/session_table_layout.h"

#define COPIES_PER_LOCK 4

/* Copies a live session; false where the slot is nobody's. */
static bool copy_session(struct session_table *table, uint32_t slot, struct session *ret_copy)
{
	struct session *session = session_table_at(table, slot);
	uint8_t owner = atomic_load_explicit(&session->owner, memory_order_relaxed);
	if (!owner)
		return false;
	struct shard *shard = &table->shards[owner - 1];
	spinlock_lock(&shard->lock);
	bool is_live = atomic_load_explicit(&session->owner, memory_order_relaxed) == owner;
	if (is_live)
		memcpy(ret_copy, session, offsetof(struct session, key) + table->key_size);
	spinlock_unlock(&shard->lock);
	return is_live;
}

bool session_table_walk(struct session_table *table, uint32_t *cursor, uint32_t steps,
			session_table_visit visit, void *context)
{
	_Alignas(struct session) uint8_t copy[sizeof(struct session) + SESSION_KEY_MAX];
	uint32_t end = session_store_end(&table->store);
	uint32_t slot = *cursor ? *cursor : 1;
	for (; steps && slot < end; steps--, slot++) {
		if (copy_session(table, slot, (struct session *)copy))
			visit((struct session *)copy, context);
	}
	*cursor = slot;
	return slot < end;
}

/* Room for the copy of a session with the longest key. */
struct session_copy {
	_Alignas(struct session) uint8_t bytes[sizeof(struct session) + SESSION_KEY_MAX];
};

/* Copies up to `most` sessions of the walk; fewer: there are no more in this shard. */
static uint32_t copy_changed(struct session_table *table, struct shard *shard, uint32_t most,
			     struct session_copy *copies)
{
	size_t size = offsetof(struct session, key) + table->key_size;
	const struct session *session;
	uint32_t count = 0;
	spinlock_lock(&shard->lock);
	while (count < most && (session = shard_walk_next(shard)))
		memcpy(copies[count++].bytes, session, size);
	spinlock_unlock(&shard->lock);
	return count;
}

static void begin_round(struct session_table *table)
{
	for (unsigned i = 0; i < SESSION_SHARDS; i++) {
		spinlock_lock(&table->shards[i].lock);
		shard_walk_begin(&table->shards[i]);
		spinlock_unlock(&table->shards[i].lock);
	}
	table->walked = 0;
}

bool session_table_walk_changed(struct session_table *table, uint32_t steps,
				session_table_visit visit, void *context)
{
	struct session_copy copies[COPIES_PER_LOCK];
	if (table->walked == SESSION_SHARDS)
		begin_round(table);
	while (steps && table->walked < SESSION_SHARDS) {
		uint32_t most = steps < COPIES_PER_LOCK ? steps : COPIES_PER_LOCK;
		uint32_t count = copy_changed(table, &table->shards[table->walked], most, copies);
		for (uint32_t i = 0; i < count; i++)
			visit((struct session *)copies[i].bytes, context);
		table->walked += count < most;
		steps -= count;
	}
	return table->walked < SESSION_SHARDS;
}

void session_table_skip_changed(struct session_table *table)
{
	for (unsigned i = 0; i < SESSION_SHARDS; i++) {
		spinlock_lock(&table->shards[i].lock);
		shard_walk_skip(&table->shards[i]);
		spinlock_unlock(&table->shards[i].lock);
	}
	table->walked = SESSION_SHARDS;
}

bool session_table_has_changed(struct session_table *table)
{
	bool has_changed = false;
	for (unsigned i = 0; i < SESSION_SHARDS && !has_changed; i++) {
		spinlock_lock(&table->shards[i].lock);
		has_changed = shard_has_changed(&table->shards[i]);
		spinlock_unlock(&table->shards[i].lock);
	}
	return has_changed;
}
