/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random packets and their owners out of the pool of random_rules.h. */
#ifndef TESTS_RANDOM_PACKETS_H
#define TESTS_RANDOM_PACKETS_H

#include "random_rules.h"

#include "rules/owner.h"

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

static inline uint64_t random_bits(void)
{
	return (uint64_t)random_u32() << 31 | random_u32();
}

static inline const char *maybe_text(const char *const *texts, size_t count)
{
	return one_in(3) ? NULL : texts[random_below(count)];
}

#define MAYBE_TEXT(array) maybe_text(array, COUNT(array))

/* Everything that is known of an owner, which is little or much. Texts are the pool's. */
static inline struct owner random_owner(const struct pool *pool)
{
	static const char *const args[] = {"-jar", "net.x.Router", "wan0", "", "-jar", "x"};
	size_t first = random_below(COUNT(args));
	bool has_args = !one_in(5);
	return (struct owner){
		.level = OWNER_PROCESS,
		.has_uid = !one_in(4),
		.has_gid = !one_in(4),
		.has_pid = !one_in(3),
		.uid = nearby(PICK(pool->numbers)),
		.gid = nearby(PICK(pool->numbers)),
		.pid = nearby(PICK(pool->numbers)),
		.user = MAYBE_TEXT(pool_accounts),
		.group = MAYBE_TEXT(pool_accounts),
		.cgroup = MAYBE_TEXT(pool_paths),
		.unit = MAYBE_TEXT(pool_units),
		.cmd = MAYBE_TEXT(pool_texts),
		.args = has_args ? args + first : NULL,
		.n_args = has_args ? random_below(COUNT(args) - first + 1) : 0,
		.exe = MAYBE_TEXT(pool_paths),
	};
}

/* What of an owner is looked up at a level. */
static inline struct owner owner_at(const struct owner *all, enum owner_level level)
{
	struct owner owner = *all;
	owner.level = level;
	if (level < OWNER_PROCESS) {
		owner.has_pid = false;
		owner.cmd = owner.exe = NULL;
		owner.args = NULL;
		owner.n_args = 0;
	}
	if (level < OWNER_SOCKET)
		owner.cgroup = owner.unit = NULL;
	if (level < OWNER_USER) {
		owner.has_uid = owner.has_gid = false;
		owner.user = owner.group = NULL;
	}
	return owner;
}

/* *packet and *owner have to outlive the facts. */
static inline struct facts random_facts(const struct pool *pool, struct packet *packet,
					struct owner *owner)
{
	static const char *const ccs[] = {"NZ", "AU", "DE", "FJ", "AQ", "ZZ", "US"};
	enum direction direction = (enum direction)random_below(DIRECTION_COUNT);
	bool is_local = direction != DIRECTION_FORWARD;
	random_packet(pool, packet);
	*owner = random_owner(pool);
	return (struct facts){
		.packet = packet,
		.direction = direction,
		.iif = random_interface(),
		.oif = random_interface(),
		.source_is_local = one_in(2),
		.cc = one_in(4) ? NULL : PICK(ccs),
		.mark = nearby(PICK(pool->numbers)),
		.has_uid = is_local && owner->has_uid && one_in(2),
		.uid = owner->uid,
		.owner = is_local && !one_in(6) ? owner : NULL,
		.now = {.has_minute = !one_in(6),
			.has_weekday = !one_in(6),
			.minute = (uint16_t)(nearby(pool_number(pool, MINUTES_PER_DAY - 1)) %
					     MINUTES_PER_DAY),
			.weekday = (uint8_t)random_below(7)},
		.untold = one_in(8) ? random_bits() & random_bits() : 0,
	};
}

#endif
