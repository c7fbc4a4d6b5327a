/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/decide.h"

#include <netinet/in.h>
#include <string.h>

static bool is_local(const struct config *config, const struct addr *addr)
{
	for (size_t i = 0; i < config->n_local; i++)
		if (prefix_contains(&config->local[i], addr))
			return true;
	return false;
}

static bool is_shaped(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_interfaces; i++)
		if (strcmp(config->interfaces[i].name, name) == 0)
			return true;
	return false;
}

/*
 * Which end is the local one: this host; else the only end in `local:`; else the only end behind
 * an interface that is not shaped; else the originator, which sent the packets that are judged.
 */
static bool source_is_local(const struct config *config, const struct packet *packet,
			    const struct packet_origin *origin)
{
	if (origin->direction != DIRECTION_FORWARD)
		return origin->direction == DIRECTION_OUT;
	bool source = is_local(config, &packet->src);
	bool destination = is_local(config, &packet->dst);
	if (source != destination)
		return source;
	if (!origin->iif || !origin->oif)
		return true;
	source = !is_shaped(config, origin->iif);
	destination = !is_shaped(config, origin->oif);
	return source != destination ? source : true;
}

bool decide_knows_ends(const struct snapshot *snapshot, const struct packet *packet,
		       enum direction direction)
{
	const struct config *config = snapshot->config;
	return direction != DIRECTION_FORWARD ||
	       is_local(config, &packet->src) != is_local(config, &packet->dst);
}

struct facts decide_facts(const struct snapshot *snapshot, const struct packet *packet,
			  const struct packet_origin *origin)
{
	return (struct facts){
		.packet = packet,
		.direction = origin->direction,
		.iif = origin->iif,
		.oif = origin->oif,
		.source_is_local = source_is_local(snapshot->config, packet, origin),
		.geo = snapshot->geo,
	};
}

static bool is_loopback(const struct facts *facts)
{
	return (facts->iif && strcmp(facts->iif, "lo") == 0) ||
	       (facts->oif && strcmp(facts->oif, "lo") == 0) ||
	       addr_is_loopback(&facts->packet->src) || addr_is_loopback(&facts->packet->dst);
}

/* Router and neighbour solicitation and advertisement, redirect (RFC 4861). */
static bool is_neighbour_discovery(const struct packet *packet)
{
	return packet->proto == IPPROTO_ICMPV6 && packet->has_icmp && packet->icmp_type >= 133 &&
	       packet->icmp_type <= 137;
}

static bool is_between(uint16_t port, uint16_t first, uint16_t last)
{
	return port >= first && port <= last;
}

/* RFC 2131 and RFC 8415; DHCPv6 between link-local addresses only. */
static bool is_dhcp(const struct packet *packet)
{
	if (packet->proto != IPPROTO_UDP || !packet->has_ports)
		return false;
	if (packet->src.family == AF_INET)
		return is_between(packet->sport, 67, 68) && is_between(packet->dport, 67, 68);
	return packet->src.bytes[0] == 0xfe && (packet->src.bytes[1] & 0xc0) == 0x80 &&
	       is_between(packet->dport, 546, 547);
}

static bool is_management(const struct config *config, const struct facts *facts)
{
	const struct packet *packet = facts->packet;
	bool in = facts->direction == DIRECTION_IN;
	if (facts->direction == DIRECTION_FORWARD || !packet->has_ports)
		return false;
	for (size_t i = 0; i < config->n_management; i++) {
		const struct config_management *entry = &config->management[i];
		if (entry->proto == packet->proto &&
		    entry->port == (in ? packet->dport : packet->sport) &&
		    (!entry->has_from ||
		     prefix_contains(&entry->from, in ? &packet->src : &packet->dst)))
			return true;
	}
	return false;
}

const char *decide_exemption(const struct snapshot *snapshot, const struct facts *facts)
{
	static const uint8_t broadcast[16] = {255, 255, 255, 255};
	const struct packet *packet = facts->packet;
	if (is_loopback(facts))
		return "loopback is never judged";
	if (is_neighbour_discovery(packet))
		return "neighbour discovery is never judged";
	if (is_dhcp(packet))
		return "DHCP is never judged";
	if (addr_is_multicast(&packet->dst))
		return "multicast is never judged";
	if (packet->dst.family == AF_INET && memcmp(packet->dst.bytes, broadcast, 16) == 0)
		return "broadcast is never judged";
	if (is_management(snapshot->config, facts))
		return "a management port of this host (`management:`) is never judged";
	return NULL;
}
