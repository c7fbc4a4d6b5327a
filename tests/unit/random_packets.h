/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random packets out of the pool of random_rules.h. */
#ifndef TESTS_RANDOM_PACKETS_H
#define TESTS_RANDOM_PACKETS_H

#include "random_rules.h"

/* The value itself, or one beside it. */
static inline uint32_t nearby(uint32_t value)
{
	return value + (one_in(2) ? 0 : random_below(3)) - (one_in(4) ? 1 : 0);
}

static inline void random_addr(const struct pool *pool, bool is_v6, struct addr *ret_addr)
{
	uint32_t number = nearby(PICK(pool->v4));
	uint8_t bytes[16] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
			     (uint8_t)(number >> 8), (uint8_t)number};
	if (is_v6) {
		int carry = (int)random_below(3) - 1;
		memcpy(bytes, PICK(pool->v6), 16);
		for (size_t i = 16; i-- > 0 && carry;) {
			int sum = bytes[i] + carry;
			bytes[i] = (uint8_t)sum;
			carry = sum < 0 ? -1 : sum > 255 ? 1 : 0;
		}
	}
	*ret_addr = addr_from_bytes(is_v6 ? AF_INET6 : AF_INET, bytes);
}

static inline void random_packet(const struct pool *pool, struct packet *ret_packet)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6,
					 0,           255,         132};
	static const uint8_t types[] = {0, 8, 128, 129, 255, 3};
	bool is_v6 = one_in(2);
	*ret_packet = (struct packet){
		.proto = PICK(protos),
		.dscp = (uint8_t)(one_in(2) ? 46 : random_below(64)),
		.has_ports = !one_in(4),
		.has_icmp = one_in(3),
		.icmp_type = PICK(types),
		.sport = (uint16_t)nearby(pool_number(pool, UINT16_MAX)),
		.dport = (uint16_t)nearby(pool_number(pool, UINT16_MAX)),
		.length = nearby(PICK(pool->numbers)),
	};
	random_addr(pool, is_v6, &ret_packet->src);
	random_addr(pool, is_v6, &ret_packet->dst);
}

static inline const char *random_interface(void)
{
	static const char *const others[] = {"wan", "wan00", "", "lan1"};
	return one_in(5) ? NULL : one_in(5) ? PICK(others) : PICK(pool_interfaces);
}

/* *packet has to outlive the facts. */
static inline struct facts random_facts(const struct pool *pool, struct packet *packet)
{
	static const char *const ccs[] = {"NZ", "AU", "DE", "FJ", "AQ", "ZZ", "US"};
	random_packet(pool, packet);
	return (struct facts){
		.packet = packet,
		.direction = (enum direction)random_below(DIRECTION_COUNT),
		.iif = random_interface(),
		.oif = random_interface(),
		.source_is_local = one_in(2),
		.cc = one_in(4) ? NULL : PICK(ccs),
		.mark = nearby(PICK(pool->numbers)),
		.now = {.has_minute = !one_in(6),
			.has_weekday = !one_in(6),
			.minute = (uint16_t)(nearby(pool_number(pool, MINUTES_PER_DAY - 1)) %
					     MINUTES_PER_DAY),
			.weekday = (uint8_t)random_below(7)},
		.untold = one_in(8) ? random_u32() & random_u32() : 0,
	};
}

#endif
