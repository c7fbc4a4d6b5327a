/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One IP packet as the rules see it, taken from the first bytes that the queue copies.
 * IPv4 (RFC 791), IPv6 with extension headers (RFC 8200, 7045), fragments, TCP, UDP, UDP-Lite,
 * SCTP, DCCP, ICMP, ICMPv6; any other protocol has its number and addresses only.
 */
#ifndef NET_PACKET_H
#define NET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct packet {
	struct addr src;
	struct addr dst;
	uint8_t proto;         /* upper-layer protocol */
	uint8_t dscp;          /* 0 … 63 */
	bool has_ports;        /* false for fragments behind the first */
	bool has_icmp;         /* ICMP or ICMPv6 type and code are known */
	bool has_icmp_id;      /* of a request or its answer: so is what tells it from others */
	bool has_payload_word; /* first four bytes behind the IP headers are known */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint16_t icmp_id;      /* host order */
	uint16_t sport;        /* host order */
	uint16_t dport;        /* host order */
	uint16_t headers;      /* bytes in front of the payload, as far as they are known */
	uint32_t length;       /* bytes of the whole IP packet */
	uint32_t payload_word; /* as a big-endian number: sport << 16 | dport for TCP and UDP */
};

/*
 * Parses `captured` bytes of a packet of `length` bytes. Needs no alignment. Never reads behind
 * data + captured. Returns 0; -EBADMSG where a header contradicts itself or is of no known IP
 * version; -ENODATA where the copy ends inside a header that is needed. On an error *ret_packet
 * is untouched.
 */
int packet_parse(const uint8_t *data, size_t captured, size_t length, struct packet *ret_packet);

/*
 * What a packet of the other direction of the same connection looks like, as conntrack sees it:
 * addresses and ports change places, and of ICMP the request is that of the answer, or the other
 * way round (net/netfilter/nf_conntrack_proto_icmp.c, _icmpv6.c). Length and DSCP stay.
 */
struct packet packet_reverse(const struct packet *packet);

/*
 * What conntrack tells connections of this protocol apart by is known: ports, the identifier of a
 * request by ICMP, or addresses and protocol where it knows no more of it
 * (net/netfilter/nf_conntrack_proto_generic.c).
 */
bool packet_has_flow(const struct packet *packet);

/* True where addresses, protocol, ports and identifier are the same; what has none has 0. */
bool packet_same_flow(const struct packet *a, const struct packet *b);

#endif
