/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parser walks with one cursor: `at` is the offset of the header that comes next, `captured`
 * the end of the bytes that may be read, `end` the end of the packet as the kernel and its own
 * header say. Nothing is read but through cursor_get(), which tells a packet that is too short
 * (-EBADMSG) from a copy that is (-ENODATA). The result is built in a local and handed over last.
 */
#include "net/packet.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/proto.h"

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define IPV4_MORE_FRAGMENTS 0x2000u
#define IPV4_FRAGMENT_OFFSET 0x1fffu
#define IPV6_MORE_FRAGMENTS 0x0001u
#define IPV6_FRAGMENT_OFFSET 0xfff8u
#define PORTS_BYTES 4u
#define ICMP_BYTES 2u
#define ICMP_ID 4u
#define TCP_OFFSET 12u

/* IANA "IPv6 Extension Header Types"; netinet/in.h lacks the last two. */
#define HEADER_HIP 139
#define HEADER_SHIM6 140

/* More than any sender puts there, and an end to what a hostile one may make us do. */
#define EXTENSION_HEADERS_MAX 16

struct cursor {
	const uint8_t *data;
	size_t at;
	size_t captured;
	size_t end;
	bool is_first_fragment; /* more follow: the packet need not hold a whole header */
	bool is_later_fragment; /* no upper-layer header at all */
};

/* The next `bytes` bytes in *ret_bytes, without moving on. */
static int cursor_get(const struct cursor *cursor, size_t bytes, const uint8_t **ret_bytes)
{
	if (cursor->end < cursor->at || cursor->end - cursor->at < bytes)
		return -EBADMSG;
	if (cursor->captured < cursor->at || cursor->captured - cursor->at < bytes)
		return -ENODATA;
	*ret_bytes = cursor->data + cursor->at;
	return 0;
}

/* The packet ends where its header says, which cannot be behind its true end. */
static int cursor_limit(struct cursor *cursor, size_t end)
{
	if (end > cursor->end)
		return -EBADMSG;
	cursor->end = end;
	if (cursor->captured > end)
		cursor->captured = end;
	return 0;
}

static uint16_t get_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get_u32(const uint8_t *bytes)
{
	return (uint32_t)get_u16(bytes) << 16 | get_u16(bytes + 2);
}

/* The shortest header of a protocol, for packets that are whole; 0: any. */
static size_t header_minimum(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
		return 8;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return 12;
	case IPPROTO_ICMPV6:
		return 4;
	}
	return 0;
}

static int parse_ports(const struct cursor *cursor, struct packet *packet)
{
	const uint8_t *bytes;
	int error = cursor_get(cursor, PORTS_BYTES, &bytes);
	if (error)
		return error;
	packet->has_ports = true;
	packet->sport = get_u16(bytes);
	packet->dport = get_u16(bytes + 2);
	return 0;
}

/* Requests and their answers. */
static const struct icmp_pair {
	uint8_t proto;
	uint8_t types[2];
} icmp_pairs[] = {
	{IPPROTO_ICMP, {8, 0}},       /* echo */
	{IPPROTO_ICMP, {13, 14}},     /* timestamp */
	{IPPROTO_ICMP, {15, 16}},     /* information */
	{IPPROTO_ICMP, {17, 18}},     /* address mask */
	{IPPROTO_ICMPV6, {128, 129}}, /* echo */
	{IPPROTO_ICMPV6, {139, 140}}, /* node information */
};

static uint8_t reverse_icmp(uint8_t proto, uint8_t type)
{
	for (size_t i = 0; i < sizeof(icmp_pairs) / sizeof(icmp_pairs[0]); i++)
		for (unsigned k = 0; k < 2; k++)
			if (icmp_pairs[i].proto == proto && icmp_pairs[i].types[k] == type)
				return icmp_pairs[i].types[!k];
	return type;
}

static int parse_icmp(const struct cursor *cursor, struct packet *packet)
{
	const uint8_t *bytes;
	int error = cursor_get(cursor, ICMP_BYTES, &bytes);
	if (error)
		return error;
	packet->has_icmp = true;
	packet->icmp_type = bytes[0];
	packet->icmp_code = bytes[1];
	if (reverse_icmp(packet->proto, bytes[0]) != bytes[0] &&
	    !cursor_get(cursor, ICMP_ID + 2u, &bytes)) {
		packet->has_icmp_id = true;
		packet->icmp_id = get_u16(bytes + ICMP_ID);
	}
	return 0;
}

/* Of TCP the data offset says it (RFC 9293 section 3.1), where it was copied. */
static size_t header_length(const struct cursor *cursor, uint8_t proto)
{
	const uint8_t *bytes;
	if (proto == IPPROTO_TCP && !cursor_get(cursor, TCP_OFFSET + 1u, &bytes))
		return (bytes[TCP_OFFSET] >> 4) * 4u;
	return header_minimum(proto);
}

static int parse_upper(const struct cursor *cursor, struct packet *packet)
{
	bool is_icmp =
		packet->proto == (packet->src.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	bool is_known = is_icmp || proto_has_ports(packet->proto);
	const uint8_t *word;
	int error = 0;
	packet->headers = (uint16_t)cursor->at;
	if (cursor->is_later_fragment || packet->proto == IPPROTO_NONE)
		return 0;
	if (is_known && !cursor->is_first_fragment &&
	    cursor->end - cursor->at < header_minimum(packet->proto))
		return -EBADMSG;
	if (is_icmp)
		error = parse_icmp(cursor, packet);
	else if (is_known)
		error = parse_ports(cursor, packet);
	if (!error && !cursor_get(cursor, sizeof(packet->payload_word), &word)) {
		packet->has_payload_word = true;
		packet->payload_word = get_u32(word);
	}
	packet->headers += (uint16_t)header_length(cursor, packet->proto);
	return error;
}

static int parse_ipv4(struct cursor *cursor, struct packet *packet)
{
	const uint8_t *header;
	int error = cursor_get(cursor, IPV4_HEADER, &header);
	if (error)
		return error;
	size_t header_length = (header[0] & 0x0fu) * 4u, total = get_u16(header + 2);
	uint16_t fragment = get_u16(header + 6);
	/* 0 is a GSO packet of more than 64 KiB (Linux 6.3, "BIG TCP"). */
	error = total ? cursor_limit(cursor, total) : 0;
	if (error)
		return error;
	if (header_length < IPV4_HEADER || header_length > cursor->end)
		return -EBADMSG;
	packet->dscp = header[1] >> 2;
	packet->proto = header[9];
	packet->src = addr_from_bytes(AF_INET, header + 12);
	packet->dst = addr_from_bytes(AF_INET, header + 16);
	cursor->is_later_fragment = fragment & IPV4_FRAGMENT_OFFSET;
	cursor->is_first_fragment = !cursor->is_later_fragment && fragment & IPV4_MORE_FRAGMENTS;
	cursor->at = header_length;
	return parse_upper(cursor, packet);
}

/* The length of the extension header `type` (RFC 7045 section 4), 0 where it is none. */
static size_t extension_length(uint8_t type, uint8_t length_byte)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case HEADER_HIP:
	case HEADER_SHIM6:
		return (length_byte + 1u) * 8u;
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return (length_byte + 2u) * 4u; /* RFC 4302 */
	}
	return 0;
}

/* Mobility, HIP and shim6 are what their packet is about where nothing follows them. */
static bool is_protocol_of_its_own(uint8_t type)
{
	return type == IPPROTO_MH || type == HEADER_HIP || type == HEADER_SHIM6;
}

/* Steps over the extension header of type packet->proto: 1 to go on, 0 at the end of the chain. */
static int skip_extension(struct cursor *cursor, struct packet *packet)
{
	const uint8_t *header;
	uint8_t type = packet->proto;
	if (!extension_length(type, 0))
		return 0;
	int error = cursor_get(cursor, 8, &header);
	if (error)
		return error;
	size_t length = extension_length(type, header[1]);
	/* RFC 8200 section 4.1: hop-by-hop options come first or not at all. */
	if (length > cursor->end - cursor->at || header[0] == IPPROTO_HOPOPTS)
		return -EBADMSG;
	if (header[0] == IPPROTO_NONE && is_protocol_of_its_own(type))
		return 0;
	packet->proto = header[0];
	cursor->at += length;
	if (type == IPPROTO_FRAGMENT) {
		uint16_t fragment = get_u16(header + 2);
		cursor->is_later_fragment = fragment & IPV6_FRAGMENT_OFFSET;
		cursor->is_first_fragment =
			!cursor->is_later_fragment && fragment & IPV6_MORE_FRAGMENTS;
	}
	return !cursor->is_later_fragment;
}

static int parse_ipv6(struct cursor *cursor, struct packet *packet)
{
	const uint8_t *header;
	int error = cursor_get(cursor, IPV6_HEADER, &header);
	if (error)
		return error;
	size_t payload = get_u16(header + 4);
	/* 0 is a jumbogram (RFC 2675) or a GSO packet of more than 64 KiB. */
	error = payload ? cursor_limit(cursor, IPV6_HEADER + payload) : 0;
	if (error)
		return error;
	packet->dscp = (uint8_t)((get_u16(header) >> 6) & 0x3f);
	packet->proto = header[6];
	packet->src = addr_from_bytes(AF_INET6, header + 8);
	packet->dst = addr_from_bytes(AF_INET6, header + 24);
	cursor->at = IPV6_HEADER;
	int more = 1;
	for (int i = 0; more > 0; i++)
		more = i < EXTENSION_HEADERS_MAX ? skip_extension(cursor, packet) : -EBADMSG;
	return more < 0 ? more : parse_upper(cursor, packet);
}

int packet_parse(const uint8_t *data, size_t captured, size_t length, struct packet *ret_packet)
{
	struct cursor cursor = {.data = data, .captured = captured, .end = length};
	struct packet packet = {.length = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length};
	const uint8_t *first;
	if (cursor.captured > length)
		cursor.captured = length;
	int error = cursor_get(&cursor, 1, &first);
	if (error)
		return error;
	switch (*first >> 4) {
	case 4:
		error = parse_ipv4(&cursor, &packet);
		break;
	case 6:
		error = parse_ipv6(&cursor, &packet);
		break;
	default:
		return -EBADMSG;
	}
	if (!error)
		*ret_packet = packet;
	return error;
}

struct packet packet_reverse(const struct packet *packet)
{
	struct packet other = *packet;
	other.src = packet->dst;
	other.dst = packet->src;
	other.sport = packet->dport;
	other.dport = packet->sport;
	if (packet->has_icmp)
		other.icmp_type = reverse_icmp(packet->proto, packet->icmp_type);
	if (packet->has_ports)
		other.payload_word = (uint32_t)other.sport << 16 | other.dport;
	else if (packet->has_icmp)
		other.payload_word = (packet->payload_word & 0x00ffffff) | (uint32_t)other.icmp_type
										   << 24;
	return other;
}

bool packet_has_flow(const struct packet *packet)
{
	bool is_icmp = packet->proto == IPPROTO_ICMP || packet->proto == IPPROTO_ICMPV6;
	return packet->has_ports || packet->has_icmp_id ||
	       (!is_icmp && !proto_has_ports(packet->proto));
}

bool packet_same_flow(const struct packet *a, const struct packet *b)
{
	return a->sport == b->sport && a->dport == b->dport && a->proto == b->proto &&
	       a->icmp_id == b->icmp_id && addr_equal(&a->src, &b->src) &&
	       addr_equal(&a->dst, &b->dst);
}
