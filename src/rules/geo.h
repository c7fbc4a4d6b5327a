/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Countries of addresses, from a MaxMind database (libmaxminddb). */
#ifndef RULES_GEO_H
#define RULES_GEO_H

#include <stdbool.h>
#include <stddef.h>

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
	const char
		*cc; /* two upper-case letters; borrowed from the open database; not terminated */
	size_t cc_length;
	const char *name; /* English name, or NULL */
	size_t name_length;
};

/* False where the database does not know the address; private addresses are never known. */
bool geo_lookup(const struct geo *geo, const struct addr *addr, struct geo_country *ret_country);

/* The English name for a two-letter code (ISO 3166-1), or NULL where there is no such country. */
const char *country_name(const char *cc);
/* The code for an English name, or NULL. */
const char *country_code(const char *name);

#endif
