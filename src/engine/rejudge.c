/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/rejudge.h"

static uint64_t bit(enum attribute attribute)
{
	return (uint64_t)1 << attribute;
}

/*
 * What is sent by this host came in by no interface, and what it receives leaves by none. With the
 * interfaces, it is open which end of a forwarded connection is local where `local:` does not say.
 */
static uint64_t open_attributes(enum direction direction, bool ends_are_open)
{
	uint64_t open = bit(ATTR_DSCP) | bit(ATTR_LENGTH) | bit(ATTR_MARK);
	if (direction != DIRECTION_OUT)
		open |= bit(ATTR_IIF);
	if (direction != DIRECTION_IN)
		open |= bit(ATTR_OIF);
	if (ends_are_open)
		open |= bit(ATTR_RADDR) | bit(ATTR_RPORT) | bit(ATTR_LADDR) | bit(ATTR_LPORT) |
			bit(ATTR_CC) | bit(ATTR_COUNTRY) | bit(ATTR_CONTINENT);
	return open;
}

struct facts rejudge_facts(const struct snapshot *snapshot, const struct packet *packet,
			   enum direction direction)
{
	const struct packet_origin origin = {.direction = direction};
	struct facts facts = decide_facts(snapshot, packet, &origin);
	facts.open = open_attributes(direction, !decide_knows_ends(snapshot, packet, direction));
	return facts;
}

/* True where a throttle on the path may have put it there. */
static bool is_over_id(const struct snapshot *snapshot, const struct path *path, uint32_t id)
{
	bool is_queued = false;
	for (unsigned i = 0; i < path->count; i++) {
		const struct snapshot_rule *rule = &snapshot->rules[path->steps[i]];
		is_queued |= rule->counts_packets;
		if (rule->over == OUTCOME_CLASS &&
		    id == (is_queued ? rule->over_queued_id : rule->over_id))
			return true;
	}
	return false;
}

struct judgement rejudge(const struct snapshot *snapshot, const struct facts *facts, uint32_t id,
			 uint32_t *steps)
{
	struct path path = {.steps = steps};
	if (decide_exemption(snapshot, facts))
		return (struct judgement){0};
	path_find(snapshot, facts, &path);
	if (path.is_open)
		return (struct judgement){.is_open = true, .wants = path.wants};
	if (!id || !is_over_id(snapshot, &path, id))
		id = path_is_queued(snapshot, &path) ? path.queued_id : path.id;
	return (struct judgement){.id = id};
}
