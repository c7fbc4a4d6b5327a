/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/country.h"

#include <string.h>
#include <strings.h>

#include "rules/geo.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Both in the order of the codes. */
static const char *const codes[] = {
#define COUNTRY(code, name) #code,
#include "rules/country_table.h"
#undef COUNTRY
};

static const char *const names[] = {
#define COUNTRY(code, name) name,
#include "rules/country_table.h"
#undef COUNTRY
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

const char *country_name_of(uint32_t packed)
{
	size_t low = 0, high = COUNT(codes);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t code = country_pack(codes[middle]);
		if (code == packed)
			return names[middle];
		if (code < packed)
			low = middle + 1;
		else
			high = middle;
	}
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
