/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/country.h"

#include <string.h>
#include <strings.h>

#include "rules/geo.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* All in the order of the codes. */
static const char *const codes[] = {
#define COUNTRY(code, continent, name) #code,
#include "rules/country_table.h"
#undef COUNTRY
};

static const char *const names[] = {
#define COUNTRY(code, continent, name) name,
#include "rules/country_table.h"
#undef COUNTRY
};

static const char *const continents[] = {
#define COUNTRY(code, continent, name) #continent,
#include "rules/country_table.h"
#undef COUNTRY
};

static const struct {
	const char *code;
	const char *name;
} continent_names[] = {
	{"AF", "Africa"},        {"AN", "Antarctica"}, {"AS", "Asia"},          {"EU", "Europe"},
	{"NA", "North America"}, {"OC", "Oceania"},    {"SA", "South America"},
};

/* Names that a country had or has beside its own, each clear by itself. */
static const struct {
	const char *name;
	const char *code;
} other_names[] = {
	{"Burma", "MM"},
	{"Cape Verde", "CV"},
	{"Congo", "CG"},
	{"Côte d'Ivoire", "CI"},
	{"Czech Republic", "CZ"},
	{"Democratic Republic of the Congo", "CD"},
	{"East Timor", "TL"},
	{"Great Britain", "GB"},
	{"Holy See", "VA"},
	{"Korea, Republic of", "KR"},
	{"Macau", "MO"},
	{"Macedonia", "MK"},
	{"Netherlands", "NL"},
	{"Republic of Korea", "KR"},
	{"Russian Federation", "RU"},
	{"Swaziland", "SZ"},
	{"Turkey", "TR"},
	{"United States of America", "US"},
	{"Viet Nam", "VN"},
};

/* The row of a packed code, COUNT(codes) where there is none. */
static size_t find_row(uint32_t packed)
{
	size_t low = 0, high = COUNT(codes);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t code = country_pack(codes[middle]);
		if (code == packed)
			return middle;
		if (code < packed)
			low = middle + 1;
		else
			high = middle;
	}
	return COUNT(codes);
}

const char *country_name_of(uint32_t packed)
{
	size_t row = find_row(packed);
	return row < COUNT(codes) ? names[row] : NULL;
}

const char *country_continent(uint32_t packed)
{
	size_t row = find_row(packed);
	return row < COUNT(codes) ? continents[row] : NULL;
}

const char *continent_name(const char *code)
{
	for (size_t i = 0; i < COUNT(continent_names); i++)
		if (strcmp(code, continent_names[i].code) == 0)
			return continent_names[i].name;
	return NULL;
}

const char *continent_code(const char *name)
{
	for (size_t i = 0; i < COUNT(continent_names); i++)
		if (strcasecmp(name, continent_names[i].name) == 0)
			return continent_names[i].code;
	return NULL;
}

const char *country_name(const char *cc)
{
	return strlen(cc) == 2 ? country_name_of(country_pack(cc)) : NULL;
}

const char *country_code(const char *name)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return codes[i];
	for (size_t i = 0; i < COUNT(other_names); i++)
		if (strcmp(name, other_names[i].name) == 0)
			return other_names[i].code;
	return NULL;
}

const char *country_nearest_code(const char *wrong)
{
	return text_nearest(wrong, codes, COUNT(codes));
}

const char *country_nearest_name(const char *wrong)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcasecmp(wrong, names[i]) == 0)
			return names[i];
	return text_nearest(wrong, names, COUNT(names));
}
