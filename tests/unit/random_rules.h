/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random conditions, in all words of the language, and random packets for them. Both draw from one
 * small pool of values, so that packets meet what the rules name, and the values next to it.
 */
#ifndef TESTS_RANDOM_RULES_H
#define TESTS_RANDOM_RULES_H

#include "rules_fixture.h"

#include "rules/attribute.h"
#include "rules/ruleset.h"

#define POOL_SIZE 12
#define PICK(array) ((array)[random_below(COUNT(array))])

static uint64_t random_state;
static unsigned random_attributes = ATTR_CLASS; /* tests ask for those before this one */

static inline uint32_t random_u32(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33);
}

/* Fewer of them where a test runs slowly: TEST_SCALE, as valgrind's stage of scripts/test has it.
 */
static inline unsigned fewer(unsigned number)
{
	const char *scale = getenv("TEST_SCALE");
	unsigned divisor = scale ? (unsigned)atoi(scale) : 1;
	return divisor > 1 ? number / divisor : number;
}

static inline uint32_t random_below(size_t limit)
{
	return random_u32() % (uint32_t)limit;
}

static inline bool one_in(unsigned count)
{
	return random_below(count) == 0;
}

static const char *const pool_interfaces[] = {"wan0", "wan1", "lan0", "w", "enp0s31f6np12"};
static const char *const pool_ccs[] = {"NZ", "AU", "DE", "FJ", "AQ"};
static const char *const pool_countries[] = {"'New Zealand'", "Australia", "Germany", "Fiji"};
static const char *const pool_continents[] = {"OC", "EU", "AN", "NA"};
/* Every machine has users and groups of these names. */
static const char *const pool_accounts[] = {"root", "daemon", "bin"};
static const char *const pool_paths[] = {"/usr/bin/java", "/a/w.service", "/"};
static const char *const pool_units[] = {"w.service", "wan0.scope"};
static const char *const pool_texts[] = {"/usr/bin/java", "-jar", "net.x.Router", "wan0"};
static const char *const pool_days[] = {"sun", "mon", "tue", "fri", "saturday"};
static const char *const pool_icmp[] = {"echo-request", "echo-reply", "0", "8", "128", "255"};
static const char *const pool_protos[] = {"tcp", "udp", "icmp", "icmpv6", "sctp", "0", "255"};
static const char *const pool_dscps[] = {"0", "46", "63", "af41", "cs1", "le"};

struct pool {
	uint32_t numbers[POOL_SIZE];
	uint32_t v4[POOL_SIZE];
	uint8_t v6[POOL_SIZE][16];
};

static inline struct pool random_pool(void)
{
	struct pool pool = {
		.numbers = {0, 65535, 65536, UINT32_MAX}, .v4 = {0, UINT32_MAX}, .v6 = {{0}}};
	memset(pool.v6[1], 0xff, 16);
	for (size_t i = 2; i < POOL_SIZE; i++) {
		if (i >= 4)
			pool.numbers[i] = random_u32() >> random_below(31);
		pool.v4[i] = one_in(3) ? random_u32() << 1 : 0xc0000200u + random_below(512);
		for (size_t k = 0; k < 16; k++)
			pool.v6[i][k] = one_in(3) ? (uint8_t)random_u32() : k < 8 ? 0x20 : 0;
	}
	return pool;
}

static inline const char *v4_text(uint32_t number, char *buffer)
{
	uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
			    (uint8_t)(number >> 8), (uint8_t)number};
	struct addr addr = addr_from_bytes(AF_INET, bytes);
	return addr_text(&addr, buffer);
}

static inline void put_prefix(FILE *out, struct addr addr, unsigned bits)
{
	char buffer[ADDR_TEXT_MAX];
	for (size_t bit = bits; bit < addr_size(&addr) * 8; bit++)
		addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	fprintf(out, "%s/%u", addr_text(&addr, buffer), bits);
}

static inline void put_v4(FILE *out, const struct pool *pool)
{
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];
	uint32_t first = PICK(pool->v4), last = PICK(pool->v4);
	struct addr addr;
	if (first > last) {
		uint32_t swap = first;
		first = last;
		last = swap;
	}
	switch (random_below(3)) {
	case 0:
		fprintf(out, "%s", v4_text(first, a));
		return;
	case 1:
		fprintf(out, "%s-%s", v4_text(first, a), v4_text(last, b));
		return;
	}
	addr_parse(v4_text(first, a), &addr);
	put_prefix(out, addr, random_below(33));
}

static inline void put_v6(FILE *out, const struct pool *pool)
{
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];
	struct addr first = addr_from_bytes(AF_INET6, PICK(pool->v6));
	struct addr last = addr_from_bytes(AF_INET6, PICK(pool->v6));
	if (addr_compare(&first, &last) > 0) {
		struct addr swap = first;
		first = last;
		last = swap;
	}
	if (one_in(3))
		fprintf(out, "%s", addr_text(&first, a));
	else if (one_in(2))
		fprintf(out, "%s-%s", addr_text(&first, a), addr_text(&last, b));
	else
		put_prefix(out, first, random_below(129));
}

static inline uint32_t pool_number(const struct pool *pool, uint64_t max)
{
	uint32_t number = PICK(pool->numbers);
	return max < UINT32_MAX ? number % (uint32_t)(max + 1) : number;
}

static inline void put_number(FILE *out, const struct pool *pool, uint64_t max, bool may_be_range)
{
	uint32_t first = pool_number(pool, max), last = pool_number(pool, max);
	if (may_be_range && one_in(2))
		fprintf(out, "%u-%u", first < last ? first : last, first < last ? last : first);
	else
		fprintf(out, "%u", first);
}

static inline void put_time(FILE *out, const struct pool *pool)
{
	uint32_t minute = pool_number(pool, MINUTES_PER_DAY - 1);
	fprintf(out, "%02u:%02u", minute / 60, minute % 60);
}

static inline void put_time_value(FILE *out, const struct pool *pool, bool may_be_range)
{
	put_time(out, pool);
	if (may_be_range && one_in(2)) {
		fputc('-', out);
		put_time(out, pool);
	}
}

static inline const char *random_text_of(enum attribute attribute)
{
	if (attribute == ATTR_USER || attribute == ATTR_GROUP)
		return PICK(pool_accounts);
	if (attribute == ATTR_CGROUP || attribute == ATTR_EXE)
		return PICK(pool_paths);
	return attribute == ATTR_UNIT ? PICK(pool_units) : PICK(pool_texts);
}

static inline void put_value(FILE *out, const struct pool *pool, enum attribute attribute,
			     bool may_be_range)
{
	const struct attribute_info *info = attribute_info(attribute);
	switch (info->kind) {
	case KIND_ADDRESS:
		one_in(2) ? put_v4(out, pool) : put_v6(out, pool);
		return;
	case KIND_NUMBER:
		put_number(out, pool, info->max, may_be_range);
		return;
	case KIND_PROTO:
		fputs(may_be_range ? PICK(pool_protos) : one_in(2) ? "17" : "6", out);
		return;
	case KIND_DSCP:
		fputs(may_be_range ? PICK(pool_dscps) : "46", out);
		return;
	case KIND_DIRECTION:
		fputs(direction_text((enum direction)random_below(DIRECTION_COUNT)), out);
		return;
	case KIND_INTERFACE:
		fputs(PICK(pool_interfaces), out);
		return;
	case KIND_CC:
		fputs(PICK(pool_ccs), out);
		return;
	case KIND_COUNTRY:
		fputs(PICK(pool_countries), out);
		return;
	case KIND_CONTINENT:
		fputs(PICK(pool_continents), out);
		return;
	case KIND_ICMP_TYPE:
		fputs(may_be_range ? PICK(pool_icmp) : "8", out);
		return;
	case KIND_TIME:
		put_time_value(out, pool, may_be_range);
		return;
	case KIND_WEEKDAY:
		fputs(PICK(pool_days), out);
		return;
	case KIND_TEXT:
	case KIND_TEXTS:
		fputs(random_text_of(attribute), out);
		return;
	}
}

static inline void put_list(FILE *out, const struct pool *pool, enum attribute attribute)
{
	fputc('[', out);
	put_value(out, pool, attribute, true);
	for (uint32_t i = random_below(4); i > 0; i--) {
		fputs(", ", out);
		put_value(out, pool, attribute, true);
	}
	fputc(']', out);
}

static inline void put_pattern(FILE *out)
{
	static const char *const globs[] = {"*", "w*", "*0", "[!a-z]*", "?an0", "N?", "*a*"};
	static const char *const regexes[] = {"^w", "0$", "an", "[A-M]", "^(a|wan)[01]$", ""};
	if (one_in(2))
		fprintf(out, "like '%s'", PICK(globs));
	else
		fprintf(out, "=~ '%s'", PICK(regexes));
}

/* The sets that random_ruleset_init() declares. */
static inline const char *set_for(enum attribute attribute)
{
	switch (attribute_info(attribute)->kind) {
	case KIND_ADDRESS:
		return "@hosts";
	case KIND_INTERFACE:
		return "@links";
	case KIND_NUMBER:
	case KIND_PROTO:
	case KIND_DSCP:
	case KIND_DIRECTION:
	case KIND_CC:
	case KIND_COUNTRY:
	case KIND_CONTINENT:
	case KIND_ICMP_TYPE:
	case KIND_TIME:
	case KIND_WEEKDAY:
	case KIND_TEXT:
	case KIND_TEXTS:
		break;
	}
	return attribute_info(attribute)->max == UINT16_MAX ? "@ports" : NULL;
}

static inline void put_test(FILE *out, const struct pool *pool)
{
	static const char *const orders[] = {"<", "<=", ">", ">="};
	static const char *const memberships[] = {"in", "not in", "==", "!="};
	enum attribute attribute = (enum attribute)random_below(random_attributes);
	const char *set = set_for(attribute);
	fputs(attribute_info(attribute)->name, out);
	if (attribute == ATTR_ARGS && one_in(2))
		fprintf(out, "[%d]", (int)random_below(5) - 2);
	fputc(' ', out);
	if (one_in(16))
		return;
	if (attribute_is_text(attribute) && one_in(4)) {
		put_pattern(out);
	} else if (attribute_is_ordered(attribute) && one_in(3)) {
		fprintf(out, "%s ", PICK(orders));
		put_value(out, pool, attribute, false);
	} else if (set && one_in(6)) {
		fprintf(out, "%s %s", PICK(memberships), set);
	} else if (one_in(3)) {
		fprintf(out, "%s ", PICK(memberships));
		put_list(out, pool, attribute);
	} else {
		fprintf(out, "%s ", PICK(memberships));
		put_value(out, pool, attribute, true);
	}
}

/* The deeper, the more likely a test; the first level is mostly an `and`, as with people. */
static inline void put_condition(FILE *out, const struct pool *pool, unsigned depth)
{
	uint32_t kind = random_below(8);
	if (depth >= 4 || kind < depth * 2) {
		put_test(out, pool);
		return;
	}
	if (one_in(6)) {
		fputs("not (", out);
		put_condition(out, pool, depth + 1);
		fputc(')', out);
		return;
	}
	for (uint32_t i = 0, n = 2 + random_below(one_in(40) ? 9 : 2); i < n; i++) {
		fputs(i == 0 ? "(" : (depth + kind) % 3 == 0 ? ") or (" : ") and (", out);
		put_condition(out, pool, depth + 1);
	}
	fputc(')', out);
}

/* A value that few packets have, thrice. */
static inline void put_rare(FILE *out, const struct pool *pool)
{
	static const enum attribute attributes[] = {ATTR_RPORT, ATTR_DPORT,  ATTR_SADDR,
						    ATTR_LADDR, ATTR_LENGTH, ATTR_MARK};
	for (unsigned i = 0; i < 3; i++) {
		enum attribute attribute = PICK(attributes);
		fprintf(out, "%s == ", attribute_info(attribute)->name);
		put_value(out, pool, attribute, false);
		fputs(" and ", out);
	}
}

/* An `and` of `or`s: multiplied out it is 27 conjunctions at least, and a factor that is too much.
 */
static inline void put_product(FILE *out, const struct pool *pool)
{
	for (unsigned i = 0; i < 12; i++) {
		fputs(i == 0 ? "((" : i % 3 == 0 ? ")) and ((" : ") or (", out);
		put_test(out, pool);
	}
	fputs("))", out);
}

enum shape { SHAPE_ANY, SHAPE_RARE, SHAPE_PRODUCT };

/* The caller frees it. All but SHAPE_ANY hold for one packet in some thousands. */
static inline char *random_condition(const struct pool *pool, enum shape shape)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (shape != SHAPE_ANY)
		put_rare(out, pool);
	fputc('(', out);
	if (shape == SHAPE_PRODUCT)
		put_product(out, pool);
	else
		put_condition(out, pool, 0);
	fputc(')', out);
	fclose(out);
	return text;
}

#endif
