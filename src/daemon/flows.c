/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/flows.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define HASH_FACTOR 0x9e3779b97f4a7c15u /* Knuth, The Art of Computer Programming 6.4 */

struct flow {
	struct addr src;
	struct addr dst;
	uint16_t sport;
	uint16_t dport;
	uint16_t icmp_id;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t proto;
	uint8_t count;
	bool has_uid;
	int32_t rule;
	uint32_t id;
	uint32_t queued_id;
	uint32_t uid;
	uint64_t answers;
	uint64_t added_ns; /* 0: empty */
	uint32_t steps[FLOWS_STEPS_MAX];
};

struct flows {
	unsigned mask;
	struct flow slots[];
};

struct flows *flows_new(unsigned slots)
{
	struct flows *flows = xcalloc(1, sizeof(*flows) + slots * sizeof(flows->slots[0]));
	flows->mask = slots - 1;
	return flows;
}

void flows_free(struct flows *flows)
{
	free(flows);
}

void flows_clear(struct flows *flows)
{
	memset(flows->slots, 0, (flows->mask + 1) * sizeof(flows->slots[0]));
}

static uint64_t mix(uint64_t hash, const uint8_t *bytes)
{
	uint64_t words[2];
	memcpy(words, bytes, sizeof(words));
	hash = (hash ^ words[0]) * HASH_FACTOR;
	return (hash ^ (hash >> 32) ^ words[1]) * HASH_FACTOR;
}

uint32_t flows_hash(const struct packet *packet)
{
	uint64_t hash = (uint64_t)packet->icmp_id << 40 | (uint64_t)packet->proto << 32 |
			(uint32_t)packet->sport << 16 | packet->dport;
	hash = mix(hash, packet->src.bytes);
	hash = mix(hash ^ (hash >> 32), packet->dst.bytes);
	return (uint32_t)(hash >> 32);
}

static bool is_same(const struct flow *flow, const struct packet *packet)
{
	return flow->sport == packet->sport && flow->dport == packet->dport &&
	       flow->icmp_id == packet->icmp_id && flow->icmp_type == packet->icmp_type &&
	       flow->icmp_code == packet->icmp_code && flow->proto == packet->proto &&
	       addr_equal(&flow->src, &packet->src) && addr_equal(&flow->dst, &packet->dst);
}

bool flows_find(const struct flows *flows, const struct packet *packet, uint64_t now_ns,
		uint64_t max_age_ns, struct path *path)
{
	if (!packet_has_flow(packet))
		return false;
	const struct flow *flow = &flows->slots[flows_hash(packet) & flows->mask];
	if (!flow->added_ns || now_ns - flow->added_ns > max_age_ns || !is_same(flow, packet))
		return false;
	path->rule = flow->rule;
	path->id = flow->id;
	path->queued_id = flow->queued_id;
	path->has_uid = flow->has_uid;
	path->uid = flow->uid;
	path->answers = flow->answers;
	path->count = flow->count;
	for (unsigned i = 0; i < flow->count; i++)
		path->steps[i] = flow->steps[i];
	return true;
}

void flows_add(struct flows *flows, const struct packet *packet, uint64_t now_ns,
	       const struct path *path)
{
	if (!packet_has_flow(packet) || path->count > FLOWS_STEPS_MAX)
		return;
	struct flow *flow = &flows->slots[flows_hash(packet) & flows->mask];
	*flow = (struct flow){
		.src = packet->src,
		.dst = packet->dst,
		.sport = packet->sport,
		.dport = packet->dport,
		.icmp_id = packet->icmp_id,
		.icmp_type = packet->icmp_type,
		.icmp_code = packet->icmp_code,
		.proto = packet->proto,
		.count = (uint8_t)path->count,
		.rule = path->rule,
		.id = path->id,
		.queued_id = path->queued_id,
		.has_uid = path->has_uid,
		.uid = path->uid,
		.answers = path->answers,
		.added_ns = now_ns,
	};
	for (unsigned i = 0; i < path->count; i++)
		flow->steps[i] = path->steps[i];
}
