/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "rules/country.h"
#include "rules/geo.h"
#include "rules/literal.h"

int literal_cc(const struct expr_value *value, uint64_t *ret_number, struct fault *fault)
{
	const char *text = value->text;
	struct snippet snippet = snippet_of(value->text, value->length);
	if (country_name(text)) {
		*ret_number = country_pack(text);
		return 0;
	}
	if (country_code(text))
		return fault_set(fault, value->offset, "`%s` is a country's name: its code is `%s`",
				 snippet.text, country_code(text));
	if (value->length == 2) {
		char upper[] = {(char)toupper((unsigned char)text[0]),
				(char)toupper((unsigned char)text[1]), '\0'};
		if (strcmp(upper, "UK") == 0)
			return fault_set(fault, value->offset,
					 "`%s` is not a country code: that of the United Kingdom "
					 "is `GB`",
					 snippet.text);
		if (country_name(upper))
			return fault_set(fault, value->offset,
					 "`%s`: country codes are written in capitals, `%s`",
					 snippet.text, upper);
	}
	const char *nearest = country_nearest_code(text);
	return fault_set(fault, value->offset,
			 "`%s` is not a country code (two letters, ISO 3166-1)%s%s%s", snippet.text,
			 nearest ? "; did you mean `" : "", nearest ? nearest : "",
			 nearest ? "`?" : "");
}

int literal_country(const struct expr_value *value, uint64_t *ret_number, struct fault *fault)
{
	struct snippet snippet = snippet_of(value->text, value->length);
	const char *code = country_code(value->text);
	if (code) {
		*ret_number = country_pack(code);
		return 0;
	}
	if (country_name(value->text))
		return fault_set(
			fault, value->offset,
			"`%s` is a country's code: write `cc == %s` or `country == \"%s\"`",
			snippet.text, snippet.text, country_name(value->text));
	const char *nearest = country_nearest_name(value->text);
	return fault_set(fault, value->offset, "unknown country `%s`%s%s%s", snippet.text,
			 nearest ? "; did you mean \""
				 : ": names are in English, codes go with `cc`",
			 nearest ? nearest : "", nearest ? "\"?" : "");
}

int literal_continent(const struct expr_value *value, uint64_t *ret_number, struct fault *fault)
{
	struct snippet snippet = snippet_of(value->text, value->length);
	const char *code = continent_code(value->text);
	char upper[3] = "";
	if (continent_name(value->text)) {
		*ret_number = country_pack(value->text);
		return 0;
	}
	for (size_t i = 0; i < value->length && value->length == 2; i++)
		upper[i] = (char)toupper((unsigned char)value->text[i]);
	if (!code && continent_name(upper))
		code = upper;
	return fault_set(fault, value->offset,
			 "`%s` is not a continent: it is AF, AN, AS, EU, NA, OC or SA%s%s%s",
			 snippet.text, code ? "; did you mean `" : "", code ? code : "",
			 code ? "`?" : "");
}
