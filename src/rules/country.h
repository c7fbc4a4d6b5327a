/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tables of countries (country_name() and country_code() are in geo.h) and of continents, for
 * the rest of rules/.
 */
#ifndef RULES_COUNTRY_H
#define RULES_COUNTRY_H

#include <stddef.h>
#include <stdint.h>

/* A code as a number, so that comparing two is comparing numbers. Reads two bytes. */
static inline uint32_t country_pack(const char *cc)
{
	return (uint32_t)(unsigned char)cc[0] << 8 | (unsigned char)cc[1];
}

/* The English name for a packed code, or NULL. */
const char *country_name_of(uint32_t packed);

/* The continent's code of a country by its packed code, or NULL. */
const char *country_continent(uint32_t packed);

/* The English name for a continent's code (AF AN AS EU NA OC SA), and the other way; or NULL. */
const char *continent_name(const char *code);
const char *continent_code(const char *name);

/* The code or the name nearest to a wrong one, or NULL where none is near. */
const char *country_nearest_code(const char *wrong);
const char *country_nearest_name(const char *wrong);

#endif
