/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A judge without a kernel: packets are bytes made here, the time and the interfaces are the
 * test's. To be linked with --wrap of link_names_get and link_names_mtu.
 */
#ifndef TESTS_JUDGE_FIXTURE_H
#define TESTS_JUDGE_FIXTURE_H

#include "fixture.h"

/* Before the headers of the kernel, which then leave out what this has. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <string.h>

#include "daemon/judge.h"
#include "nfshaper/mark.h"

#define SECOND 1000000000ull
#define LAN 1u /* lan0, not shaped */
#define WAN 2u /* wan0 */

static uint64_t judge_now_ns = 1000 * SECOND;
static unsigned judge_mtu = 1500; /* of both interfaces */

const char *__wrap_link_names_get(struct link_names *names, unsigned ifindex);
unsigned __wrap_link_names_mtu(struct link_names *names, unsigned ifindex);

const char *__wrap_link_names_get(struct link_names *names, unsigned ifindex)
{
	(void)names;
	return ifindex == LAN ? "lan0" : ifindex == WAN ? "wan0" : NULL;
}

unsigned __wrap_link_names_mtu(struct link_names *names, unsigned ifindex)
{
	(void)names;
	return ifindex == LAN || ifindex == WAN ? judge_mtu : 0;
}

/* The first bytes of a packet, as the queue copies them. */
struct wire {
	uint8_t bytes[64];
	uint32_t captured;
	uint32_t length; /* of the whole packet */
};

static inline void wire_put(struct wire *wire, const void *bytes, size_t count)
{
	assert_true(wire->captured + count <= sizeof(wire->bytes));
	memcpy(wire->bytes + wire->captured, bytes, count);
	wire->captured += (uint32_t)count;
}

static inline void wire_put_upper(struct wire *wire, uint8_t proto, uint16_t sport, uint16_t dport)
{
	bool is_icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
	uint8_t upper[20] = {(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8),
			     (uint8_t)dport};
	if (is_icmp) {
		upper[0] = (uint8_t)sport;
		upper[1] = (uint8_t)dport;
	} else if (proto == IPPROTO_TCP) {
		upper[12] = 0x50;
	}
	wire_put(wire, upper, proto == IPPROTO_TCP ? 20 : 8);
}

/* `from` and `to` are `192.0.2.1:80`; of ICMP the two ports are type and code. */
static inline struct wire wire_of(uint8_t proto, const char *from, const char *to, uint32_t length)
{
	struct wire wire = {.length = length};
	struct addr src, dst;
	bool has_sport = false, has_dport = false;
	uint16_t sport = 0, dport = 0, total = (uint16_t)length;
	assert_int_equal(addr_port_parse(from, &src, &has_sport, &sport), 0);
	assert_int_equal(addr_port_parse(to, &dst, &has_dport, &dport), 0);
	if (src.family == AF_INET) {
		uint8_t head[12] = {0x45, 0,    (uint8_t)(total >> 8), (uint8_t)total, 0, 1, 0, 0,
				    64,   proto};
		wire_put(&wire, head, sizeof(head));
		wire_put(&wire, src.bytes, 4);
		wire_put(&wire, dst.bytes, 4);
	} else {
		uint16_t payload = (uint16_t)(total - 40);
		uint8_t head[8] = {0x60,  0, 0, 0, (uint8_t)(payload >> 8), (uint8_t)payload,
				   proto, 64};
		wire_put(&wire, head, sizeof(head));
		wire_put(&wire, src.bytes, 16);
		wire_put(&wire, dst.bytes, 16);
	}
	wire_put_upper(&wire, proto, sport, dport);
	return wire;
}

/* Sent by this host, unless it is `in` or `forward`. *wire must outlive the result. */
static inline struct nfqueue_packet packet_of(const struct wire *wire, enum direction direction,
					      uint32_t asked)
{
	static const uint8_t hooks[DIRECTION_COUNT] = {
		[DIRECTION_IN] = NF_INET_LOCAL_IN,
		[DIRECTION_OUT] = NF_INET_LOCAL_OUT,
		[DIRECTION_FORWARD] = NF_INET_FORWARD,
	};
	return (struct nfqueue_packet){
		.hook = hooks[direction],
		.iif = direction == DIRECTION_IN        ? WAN
		       : direction == DIRECTION_FORWARD ? LAN
							: 0,
		.oif = direction == DIRECTION_IN ? 0 : WAN,
		.asked = asked,
		.uid = NFQUEUE_NO_UID,
		.gid = NFQUEUE_NO_UID,
		.data = wire->bytes,
		.captured = wire->captured,
		.length = wire->length,
		.answer = 0xdeadbeef,
	};
}

#endif
