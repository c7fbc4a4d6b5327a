/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/recent.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define FLOWS 1024u                     /* a power of two */
#define HASH_FACTOR 0x9e3779b97f4a7c15u /* Knuth, The Art of Computer Programming 6.4 */

struct flow {
	struct addr src;
	struct addr dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t proto;
	uint32_t decision;
	uint64_t decided_ns; /* 0: empty */
};

struct recent {
	struct flow flows[FLOWS];
};

struct recent *recent_new(void)
{
	return xcalloc(1, sizeof(struct recent));
}

void recent_free(struct recent *recent)
{
	free(recent);
}

void recent_clear(struct recent *recent)
{
	memset(recent, 0, sizeof(*recent));
}

static uint64_t mix(uint64_t hash, const uint8_t *bytes)
{
	uint64_t words[2];
	memcpy(words, bytes, sizeof(words));
	hash = (hash ^ words[0]) * HASH_FACTOR;
	return (hash ^ (hash >> 32) ^ words[1]) * HASH_FACTOR;
}

static size_t slot(const struct packet *packet)
{
	uint64_t hash =
		(uint64_t)packet->proto << 32 | (uint32_t)packet->sport << 16 | packet->dport;
	hash = mix(hash, packet->src.bytes);
	hash = mix(hash ^ (hash >> 32), packet->dst.bytes);
	return (hash >> 32) & (FLOWS - 1);
}

static bool is_same(const struct flow *flow, const struct packet *packet)
{
	return flow->sport == packet->sport && flow->dport == packet->dport &&
	       flow->proto == packet->proto && addr_equal(&flow->src, &packet->src) &&
	       addr_equal(&flow->dst, &packet->dst);
}

bool recent_find(const struct recent *recent, const struct packet *packet, uint64_t now_ns,
		 uint32_t *ret_decision)
{
	if (!packet->has_ports)
		return false;
	const struct flow *flow = &recent->flows[slot(packet)];
	if (!flow->decided_ns || now_ns - flow->decided_ns > RECENT_NS || !is_same(flow, packet))
		return false;
	*ret_decision = flow->decision;
	return true;
}

void recent_add(struct recent *recent, const struct packet *packet, uint64_t now_ns,
		uint32_t decision)
{
	if (!packet->has_ports)
		return;
	recent->flows[slot(packet)] = (struct flow){
		.src = packet->src,
		.dst = packet->dst,
		.sport = packet->sport,
		.dport = packet->dport,
		.proto = packet->proto,
		.decision = decision,
		.decided_ns = now_ns,
	};
}
