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
	uint32_t slot = newer ? session_link_get(&at(shard, newer)->older) : shard->newest;
	if (shard->walk == slot)
		shard->walk = older;
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

/* What has no number yet: all uses from now on have this one or a larger one. */
static uint64_t end_of_sequence(const struct shard *shard)
{
	return shard->newest ? at(shard, shard->newest)->sequence + 1 : shard->next_from;
}

void shard_walk_begin(struct shard *shard)
{
	shard->walk = shard->newest;
	shard->walk_from = shard->next_from;
	shard->next_from = end_of_sequence(shard);
}

const struct session *shard_walk_next(struct shard *shard)
{
	const struct session *session = shard->walk ? at(shard, shard->walk) : NULL;
	if (!session || session->sequence < shard->walk_from) {
		shard->walk = 0;
		return NULL;
	}
	shard->walk = session_link_get(&session->older);
	session_prefetch(shard->index.store, shard->walk);
	return session;
}

void shard_walk_skip(struct shard *shard)
{
	shard->walk = 0;
	shard->next_from = end_of_sequence(shard);
}

bool shard_has_changed(const struct shard *shard)
{
	return shard->walk || (shard->newest && end_of_sequence(shard) > shard->next_from);
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
