/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/siphash.h"

#include <endian.h>
#include <string.h>

struct lanes {
	uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void mix(struct lanes *lanes)
{
	lanes->a += lanes->b;
	lanes->b = rotate(lanes->b, 13) ^ lanes->a;
	lanes->a = rotate(lanes->a, 32);
	lanes->c += lanes->d;
	lanes->d = rotate(lanes->d, 16) ^ lanes->c;
	lanes->a += lanes->d;
	lanes->d = rotate(lanes->d, 21) ^ lanes->a;
	lanes->c += lanes->b;
	lanes->b = rotate(lanes->b, 17) ^ lanes->c;
	lanes->c = rotate(lanes->c, 32);
}

static inline void absorb(struct lanes *lanes, uint64_t word)
{
	lanes->d ^= word;
	mix(lanes);
	mix(lanes);
	lanes->a ^= word;
}

static inline uint64_t load(const uint8_t *bytes, size_t size)
{
	uint64_t word = 0;
	memcpy(&word, bytes, size);
	return le64toh(word);
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t size)
{
	/* The four constants are the ASCII text "somepseudorandomlygeneratedbytes". */
	struct lanes lanes = {
		.a = key->low ^ 0x736f6d6570736575ull,
		.b = key->high ^ 0x646f72616e646f6dull,
		.c = key->low ^ 0x6c7967656e657261ull,
		.d = key->high ^ 0x7465646279746573ull,
	};
	const uint8_t *bytes = data;
	size_t rest = size;
	for (; rest >= 8; rest -= 8, bytes += 8)
		absorb(&lanes, load(bytes, 8));
	absorb(&lanes, (uint64_t)size << 56 | load(bytes, rest));
	lanes.c ^= 0xff;
	for (int round = 0; round < 4; round++)
		mix(&lanes);
	return lanes.a ^ lanes.b ^ lanes.c ^ lanes.d;
}
