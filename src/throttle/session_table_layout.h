/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a table of sessions is made of, for the files of session_table.h. */
#ifndef THROTTLE_SESSION_TABLE_LAYOUT_H
#define THROTTLE_SESSION_TABLE_LAYOUT_H

#include "throttle/session_shard.h"
#include "throttle/session_table.h"

struct session_table {
	struct session_store store;
	struct session_buckets buckets;
	struct siphash_key hash_key;
	size_t key_size;
	_Atomic uint64_t expire_ns;
	unsigned walked; /* the shard of session_table_walk_changed(); SESSION_SHARDS: none */
	_Alignas(SHARD_CACHE_LINE) _Atomic uint64_t sequence;
	_Alignas(SHARD_CACHE_LINE) _Atomic uint64_t oldest[SESSION_SHARDS];
	struct shard shards[SESSION_SHARDS];
};

static inline struct session *session_table_at(struct session_table *table, uint32_t slot)
{
	return session_at(&table->store, slot);
}

#endif
