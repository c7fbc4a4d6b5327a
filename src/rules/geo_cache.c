/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One place for each hash of an address: a newer answer takes it. The texts of an answer belong to
 * the database, so all is forgotten before a database with another serial is asked.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/geo.h"
#include "util/alloc.h"

#define PLACES_BITS 8

struct place_in_cache {
	struct addr addr; /* family 0: empty */
	bool is_known;
	struct geo_country country;
};

struct geo_cache {
	uint64_t serial; /* of the database that the answers are from; 0: none */
	struct place_in_cache places[1 << PLACES_BITS];
};

struct geo_cache *geo_cache_new(void)
{
	return xcalloc(1, sizeof(struct geo_cache));
}

void geo_cache_free(struct geo_cache *cache)
{
	free(cache);
}

/* Multiplicative hashing: an odd number near 2^64 divided by the golden ratio. */
static size_t place_of(const struct addr *addr)
{
	uint64_t halves[2] = {0};
	memcpy(halves, addr->bytes, addr_size(addr));
	uint64_t mixed = halves[0] * UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ mixed >> 32 ^ halves[1]) * UINT64_C(0x9e3779b97f4a7c15);
	return mixed >> (64 - PLACES_BITS);
}

bool geo_cache_lookup(struct geo_cache *cache, const struct geo *geo, const struct addr *addr,
		      struct geo_country *ret_country)
{
	struct place_in_cache found = {.addr = *addr};
	struct place_in_cache *place = &found;
	if (cache) {
		if (cache->serial != geo_serial(geo)) {
			memset(cache, 0, sizeof(*cache));
			cache->serial = geo_serial(geo);
		}
		place = &cache->places[place_of(addr)];
	}
	if (!cache || !addr_equal(&place->addr, addr)) {
		found.is_known = geo_lookup(geo, addr, &found.country);
		*place = found;
	}
	*ret_country = place->country;
	return place->is_known;
}
