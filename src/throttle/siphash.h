/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SipHash-2-4 (Aumasson & Bernstein, "SipHash: a fast short-input PRF", 2012): a hash with a secret
 * key, so that nobody who chooses addresses and ports can choose collisions.
 */
#ifndef THROTTLE_SIPHASH_H
#define THROTTLE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t low; /* key bytes 0 … 7 as a little-endian number */
	uint64_t high;
};

uint64_t siphash(const struct siphash_key *key, const void *data, size_t size);

#endif
