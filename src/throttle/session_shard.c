/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/session_shard.h"

static struct session *at(const struct shard *shard, uint32_t slot)
{
	return session_at(shard->index.store, slot);
}

/* The one to come after this one is fetched, so that evictions do not wait for the memory. */
static void set_oldest(struct shard *shard, uint32_t slot)
{
	shard->oldest = slot;
	shard->oldest_used_ns = slot ? at(shard, slot)->used_ns : 0;
	atomic_store_explicit(shard->shown_sequence,
			      slot ? at(shard, slot)->sequence : SHARD_NOTHING,
			      memory_order_release);
	if (slot)
		session_prefetch(shard->index.store, session_link_get(&at(shard, slot)->newer));
}

void shard_unlist(struct shard *shard, const struct session *session)
{
	uint32_t newer = session_link_get(&session->newer);
	uint32_t older = session_link_get(&session->older);
	if (newer)
		session_link_set(&at(shard, newer)->older, older);
	else
		shard->newest = older;
	if (older)
		session_link_set(&at(shard, older)->newer, newer);
	else
		set_oldest(shard, newer);
}

void shard_list(struct shard *shard, uint32_t slot, uint64_t sequence, uint64_t now_ns)
{
	struct session *session = at(shard, slot);
	if (now_ns > shard->latest_ns)
		shard->latest_ns = now_ns;
	session->sequence = sequence;
	session->used_ns = shard->latest_ns;
	session_link_set(&session->older, shard->newest);
	session_link_set(&session->newer, 0);
	if (shard->newest)
		session_link_set(&at(shard, shard->newest)->newer, slot);
	shard->newest = slot;
	if (!shard->oldest)
		set_oldest(shard, slot);
}

void shard_add(struct shard *shard, uint32_t slot, uint64_t hash)
{
	session_index_insert(&shard->index, hash, slot);
	atomic_store_explicit(&at(shard, slot)->owner, (uint8_t)(shard->number + 1),
			      memory_order_relaxed);
}

void shard_forget(struct shard *shard, uint32_t slot)
{
	shard_unlist(shard, at(shard, slot));
	session_index_remove(&shard->index, slot);
	atomic_store_explicit(&at(shard, slot)->owner, 0, memory_order_relaxed);
}

uint32_t shard_expire(struct shard *shard, uint64_t now_ns, uint64_t expire_ns, uint32_t most)
{
	uint32_t count = 0;
	while (count < most && shard->oldest &&
	       shard_is_expired(shard->oldest_used_ns, now_ns, expire_ns)) {
		uint32_t slot = shard->oldest;
		shard_forget(shard, slot);
		session_store_give(shard->index.store, slot);
		count++;
	}
	return count;
}
