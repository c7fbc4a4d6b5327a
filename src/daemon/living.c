/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/living.h"

#include <netinet/in.h>

#include "kernel/host_addresses.h"
#include "net/proto.h"

static void take_address(const struct prefix *prefix, bool is_broadcast, void *data)
{
	struct host *host = data;
	addr_set_add_prefix(is_broadcast ? &host->broadcast : &host->own, prefix);
}

int host_read(struct host *host, struct nl_error *error)
{
	int result = host_addresses_read(take_address, host, error);
	addr_set_seal(&host->own);
	addr_set_seal(&host->broadcast);
	return result;
}

void host_fini(struct host *host)
{
	addr_set_fini(&host->own);
	addr_set_fini(&host->broadcast);
}

/* A packet of the original direction behind destination NAT; `reply` NULL: that is not known. */
static struct packet packet_of(uint8_t proto, const struct connection_tuple *original,
			       const struct connection_tuple *reply)
{
	bool has_ports = proto_has_ports(proto);
	return (struct packet){
		.src = original->saddr,
		.dst = reply ? reply->saddr : original->daddr,
		.proto = proto,
		.has_ports = has_ports,
		.has_icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6,
		.icmp_type = original->icmp_type,
		.icmp_code = original->icmp_code,
		.sport = original->sport,
		.dport = reply && has_ports ? reply->sport : original->dport,
	};
}

static bool tell(const struct host *host, const struct packet *packet, struct packet *ret_packet,
		 enum direction *ret_direction)
{
	bool from_us = addr_set_has(&host->own, &packet->src);
	bool to_us = addr_set_has(&host->own, &packet->dst);
	*ret_packet = *packet;
	*ret_direction = from_us ? DIRECTION_OUT : to_us ? DIRECTION_IN : DIRECTION_FORWARD;
	return !(from_us && to_us) && !addr_set_has(&host->broadcast, &packet->dst);
}

bool living_packet(const struct host *host, const struct connection *connection,
		   struct packet *ret_packet, enum direction *ret_direction)
{
	if (!connection->has_master)
		return living_own_packet(host, connection, ret_packet, ret_direction);
	/* Of a master the kernel tells only how it began. */
	struct packet packet = packet_of(connection->master_proto, &connection->master, NULL);
	return tell(host, &packet, ret_packet, ret_direction);
}

bool living_own_packet(const struct host *host, const struct connection *connection,
		       struct packet *ret_packet, enum direction *ret_direction)
{
	struct packet packet =
		packet_of(connection->proto, &connection->original, &connection->reply);
	return tell(host, &packet, ret_packet, ret_direction);
}
