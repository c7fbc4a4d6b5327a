/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Countries of addresses, from a MaxMind database (libmaxminddb). */
#ifndef RULES_GEO_H
#define RULES_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct geo;

/*
 * Opens a country database. Refuses a file that users other than its owner may write, and one
 * that libmaxminddb does not accept. On failure NULL, and *ret_why is a sentence without the
 * path, to be freed by the caller.
 */
struct geo *geo_open(const char *path, char **ret_why);
void geo_close(struct geo *geo);

struct geo_country {
	const char *cc; /* two upper-case letters; borrowed from the database; not terminated */
	size_t cc_length;
	const char *name; /* English name, or NULL */
	size_t name_length;
	const char
		*continent; /* two upper-case letters, not terminated; NULL: not in the database */
};

/*
 * False where the database does not know the address; private addresses are never known. It may
 * know the continent only: then ret_country->cc is NULL.
 */
bool geo_lookup(const struct geo *geo, const struct addr *addr, struct geo_country *ret_country);

/*
 * What was looked up last, for one thread: 256 answers, also that an address is not known, some
 * 20 KiB. It notices by itself that another database is asked, and then begins anew.
 */
struct geo_cache;
struct geo_cache *geo_cache_new(void);
void geo_cache_free(struct geo_cache *cache);

/* As geo_lookup(); `cache` may be NULL. Where the address is not known, *ret_country is zero. */
bool geo_cache_lookup(struct geo_cache *cache, const struct geo *geo, const struct addr *addr,
		      struct geo_country *ret_country);

/* A number that no other database opened by this process has or had. */
uint64_t geo_serial(const struct geo *geo);

/* The English name for a two-letter code (ISO 3166-1), or NULL where there is no such country. */
const char *country_name(const char *cc);
/* The code for an English name, or NULL. */
const char *country_code(const char *name);

#endif
