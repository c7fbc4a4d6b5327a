/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/waiting.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/flows.h"
#include "util/alloc.h"

/* Connections are counted by some bits of their hash: one that does not wait is told at once. */
#define HASHES 1024u

TAILQ_HEAD(waiting_list, waiting_packet);

struct waiting {
	struct waiting_list packets;
	struct waiting_list spare;
	unsigned count;
	unsigned capacity; /* without the reserve */
	uint16_t hashes[HASHES];
	struct waiting_packet room[];
};

struct waiting *waiting_new(unsigned room)
{
	unsigned places = room + WAITING_RESERVE;
	struct waiting *waiting =
		xcalloc(1, sizeof(*waiting) + places * sizeof(struct waiting_packet));
	waiting->capacity = room;
	TAILQ_INIT(&waiting->packets);
	TAILQ_INIT(&waiting->spare);
	for (unsigned i = 0; i < places; i++)
		TAILQ_INSERT_TAIL(&waiting->spare, &waiting->room[i], place);
	return waiting;
}

void waiting_free(struct waiting *waiting)
{
	free(waiting);
}

unsigned waiting_count(const struct waiting *waiting)
{
	return waiting->count;
}

bool waiting_is_full(const struct waiting *waiting)
{
	return waiting->count >= waiting->capacity;
}

bool waiting_is_crowded(const struct waiting *waiting)
{
	return waiting->count > waiting->capacity;
}

static bool is_of(const struct waiting_packet *packet, uint32_t hash, const struct packet *flow)
{
	return packet->hash == hash && packet_same_flow(&packet->flow, flow);
}

bool waiting_has(const struct waiting *waiting, const struct packet *flow)
{
	const struct waiting_packet *packet;
	uint32_t hash = flows_hash(flow);
	if (!waiting->hashes[hash % HASHES])
		return false;
	TAILQ_FOREACH (packet, &waiting->packets, place)
		if (is_of(packet, hash, flow))
			return true;
	return false;
}

void waiting_add(struct waiting *waiting, const struct nfqueue_packet *queued,
		 const struct packet *flow, uint64_t token, uint64_t now_ns)
{
	struct waiting_packet *packet = TAILQ_FIRST(&waiting->spare);
	assert(packet && queued->captured <= sizeof(packet->bytes));
	TAILQ_REMOVE(&waiting->spare, packet, place);
	packet->queued = *queued;
	packet->queued.data = packet->bytes;
	memcpy(packet->bytes, queued->data, queued->captured);
	packet->flow = *flow;
	packet->token = token;
	packet->since_ns = now_ns;
	packet->hash = flows_hash(flow);
	TAILQ_INSERT_TAIL(&waiting->packets, packet, place);
	waiting->hashes[packet->hash % HASHES]++;
	waiting->count++;
}

struct waiting_packet *waiting_first(const struct waiting *waiting)
{
	return TAILQ_FIRST(&waiting->packets);
}

struct waiting_packet *waiting_find(const struct waiting *waiting, uint64_t token)
{
	struct waiting_packet *packet;
	TAILQ_FOREACH (packet, &waiting->packets, place)
		if (packet->token == token)
			return packet;
	return NULL;
}

struct waiting_packet *waiting_behind(const struct waiting_packet *packet)
{
	struct waiting_packet *next = TAILQ_NEXT(packet, place);
	while (next && !is_of(next, packet->hash, &packet->flow))
		next = TAILQ_NEXT(next, place);
	return next;
}

void waiting_remove(struct waiting *waiting, struct waiting_packet *packet)
{
	TAILQ_REMOVE(&waiting->packets, packet, place);
	TAILQ_INSERT_HEAD(&waiting->spare, packet, place);
	waiting->hashes[packet->hash % HASHES]--;
	waiting->count--;
}
