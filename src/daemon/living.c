/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/living.h"

#include <netinet/in.h>

#include "kernel/host_addresses.h"

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

/* As net/packet.c has it. */
static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

static struct packet packet_of(const struct connection *connection)
{
	bool is_expected = connection->has_master;
	const struct connection_tuple *tuple =
		is_expected ? &connection->master : &connection->original;
	uint8_t proto = is_expected ? connection->master_proto : connection->proto;
	/* Of a master the kernel tells only how it began. */
	const struct connection_tuple *reply = is_expected ? NULL : &connection->reply;
	return (struct packet){
		.src = tuple->saddr,
		.dst = reply ? reply->saddr : tuple->daddr,
		.proto = proto,
		.has_ports = has_ports(proto),
		.has_icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6,
		.icmp_type = tuple->icmp_type,
		.icmp_code = tuple->icmp_code,
		.sport = tuple->sport,
		.dport = reply && has_ports(proto) ? reply->sport : tuple->dport,
	};
}

bool living_packet(const struct host *host, const struct connection *connection,
		   struct packet *ret_packet, enum direction *ret_direction)
{
	struct packet packet = packet_of(connection);
	bool from_us = addr_set_has(&host->own, &packet.src);
	bool to_us = addr_set_has(&host->own, &packet.dst);
	*ret_packet = packet;
	*ret_direction = from_us ? DIRECTION_OUT : to_us ? DIRECTION_IN : DIRECTION_FORWARD;
	return !(from_us && to_us) && !addr_set_has(&host->broadcast, &packet.dst);
}
