/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes for tables inside one process: quick, not kept, not against an adversary. */
#ifndef RULES_FINGERPRINT_H
#define RULES_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The fingerprint of what came before, with `size` bytes more; the first time from 0. */
static inline uint64_t fingerprint(uint64_t before, const void *bytes, size_t size)
{
	uint64_t print = before ^ size, word;
	for (size_t i = 0; i < size; i += sizeof(word)) {
		size_t rest = size - i < sizeof(word) ? size - i : sizeof(word);
		word = 0;
		memcpy(&word, (const char *)bytes + i, rest);
		/* 2^64 divided by the golden ratio: spreads what differs in a few bits. */
		print = (print ^ word) * 0x9e3779b97f4a7c15u;
		print ^= print >> 29;
	}
	return print;
}

#endif
