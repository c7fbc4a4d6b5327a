/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/question.h"

#include <linux/netfilter.h>

static enum direction direction_of_hook(uint8_t hook)
{
	return hook == NF_INET_LOCAL_IN    ? DIRECTION_IN
	       : hook == NF_INET_LOCAL_OUT ? DIRECTION_OUT
					   : DIRECTION_FORWARD;
}

static struct facts facts_of(const struct questioner *by, const struct snapshot *snapshot,
			     const struct packet *packet, const struct packet_origin *origin,
			     const struct nfqueue_packet *queued)
{
	struct facts facts = decide_facts(snapshot, packet, origin);
	facts.mark = queued->mark;
	facts.has_uid = queued->uid != NFQUEUE_NO_UID;
	facts.uid = queued->uid;
	facts.now = by->local;
	facts.geo_cache = by->geo_cache;
	return facts;
}

/*
 * How many packets a GSO packet stands for: the kernel does not tell the size of its segments, but
 * each fits the interface that it was received or will be sent by.
 */
static uint32_t count_segments(const struct question *question, struct link_names *names)
{
	const struct nfqueue_packet *queued = question->queued;
	uint32_t headers = question->packet.headers, length = question->packet.length;
	if (!queued->is_gso)
		return 1;
	unsigned mtu = link_names_mtu(names, queued->iif ? queued->iif : queued->oif);
	if (mtu <= headers || length <= headers)
		return 1;
	return (length - headers + (mtu - headers) - 1) / (mtu - headers);
}

static void prepare_charge(struct question *question, const struct questioner *by)
{
	uint32_t packets = count_segments(question, by->names);
	question->charge = (struct charge){
		.facts = &question->facts,
		.packets = packets,
		/* Each segment has headers of its own. */
		.bytes = question->packet.length +
			 (uint64_t)(packets - 1) * question->packet.headers,
		.now_ns = by->now_ns,
	};
}

static enum direction opposite(enum direction direction)
{
	switch (direction) {
	case DIRECTION_IN:
		return DIRECTION_OUT;
	case DIRECTION_OUT:
		return DIRECTION_IN;
	case DIRECTION_FORWARD:
		break;
	}
	return direction;
}

struct facts question_original_facts(const struct question *question, const struct questioner *by,
				     const struct snapshot *snapshot, bool is_reply)
{
	struct packet_origin origin = question->origin;
	if (is_reply)
		origin = (struct packet_origin){opposite(question->origin.direction),
						question->origin.oif, question->origin.iif};
	return facts_of(by, snapshot, &question->original, &origin, question->queued);
}

/*
 * What the kernel knows of the socket comes with a packet that leaves by it. Which end opened the
 * connection is told by the direction of the packet, for a call of a reply wrongly; then a socket
 * that is connected is found all the same.
 */
struct owner_query question_owner_query(const struct question *question, bool is_reply)
{
	const struct packet *packet = &question->packet;
	const struct nfqueue_packet *queued = question->queued;
	bool is_out = question->origin.direction == DIRECTION_OUT;
	return (struct owner_query){
		.proto = packet->proto,
		.is_incoming = is_out == is_reply,
		.is_queued = is_out,
		.has_uid = queued->uid != NFQUEUE_NO_UID,
		.has_gid = queued->gid != NFQUEUE_NO_UID,
		.laddr = is_out ? packet->src : packet->dst,
		.raddr = is_out ? packet->dst : packet->src,
		.lport = is_out ? packet->sport : packet->dport,
		.rport = is_out ? packet->dport : packet->sport,
		.ifindex = is_out ? queued->oif : queued->iif,
		.uid = queued->uid,
		.gid = queued->gid,
	};
}

int question_read(struct question *question, const struct questioner *by,
		  const struct snapshot *snapshot, const struct nfqueue_packet *queued,
		  bool is_reply)
{
	int error = packet_parse(queued->data, queued->captured, queued->length, &question->packet);
	if (error)
		return error;
	question->queued = queued;
	question->origin = (struct packet_origin){
		.direction = direction_of_hook(queued->hook),
		.iif = queued->iif ? link_names_get(by->names, queued->iif) : NULL,
		.oif = queued->oif ? link_names_get(by->names, queued->oif) : NULL,
	};
	question->facts = facts_of(by, snapshot, &question->packet, &question->origin, queued);
	if (is_reply) {
		question->original = packet_reverse(&question->packet);
		/* Which end is the local one is decided for the connection. */
		question->facts.source_is_local =
			!question_original_facts(question, by, snapshot, true).source_is_local;
	} else {
		question->original = question->packet;
	}
	prepare_charge(question, by);
	return 0;
}
