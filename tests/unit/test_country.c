/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of countries and continents. */
#include "rules_fixture.h"

#include "rules/country.h"

static void test_table(void **state)
{
	static const char *const codes[] = {"NZ", "AU", "US", "GB", "AD", "ZW", "XK", "CI"};
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++)
		assert_string_equal(country_code(country_name(codes[i])), codes[i]);
	assert_string_equal(country_name("NZ"), "New Zealand");
	assert_string_equal(country_code("Slovakia"), "SK");
	assert_string_equal(country_code("Turkey"), "TR");
	assert_null(country_name("XX"));
	assert_null(country_name("nz"));
	assert_null(country_name("N"));
	assert_null(country_name("NZL"));
	assert_null(country_name(""));
	assert_null(country_code("Atlantis"));
	assert_null(country_code("NZ"));
}

/* The table is sorted, as the binary search needs it, and no name or code is in it twice. */
static void test_table_is_sound(void **state)
{
	unsigned count = 0;
	(void)state;
	for (char a = 'A'; a <= 'Z'; a++) {
		for (char b = 'A'; b <= 'Z'; b++) {
			const char code[] = {a, b, '\0'};
			const char *name = country_name(code);
			if (!name)
				continue;
			count++;
			assert_string_equal(country_code(name), code);
		}
	}
	assert_int_equal(count, 250); /* 249 of ISO 3166-1, and XK */
}

static void test_continents(void **state)
{
	static const char *const pairs[][2] = {
		{"NZ", "OC"}, {"AU", "OC"}, {"DE", "EU"}, {"RU", "EU"}, {"TR", "AS"}, {"CY", "EU"},
		{"US", "NA"}, {"GL", "NA"}, {"BR", "SA"}, {"EG", "AF"}, {"AQ", "AN"}, {"XK", "EU"},
	};
	unsigned count[26 * 26] = {0}, total = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_string_equal(country_continent(country_pack(pairs[i][0])), pairs[i][1]);
	assert_null(country_continent(country_pack("XX")));
	for (char a = 'A'; a <= 'Z'; a++) {
		for (char b = 'A'; b <= 'Z'; b++) {
			const char code[] = {a, b, '\0'};
			const char *continent = country_continent(country_pack(code));
			assert_int_equal(continent == NULL, country_name(code) == NULL);
			if (!continent)
				continue;
			assert_non_null(continent_name(continent));
			count[(continent[0] - 'A') * 26 + continent[1] - 'A']++;
			total++;
		}
	}
	assert_int_equal(total, 250);
	/* As many as country databases count: AF AN AS EU NA OC SA. */
	assert_int_equal(count[5], 58);
	assert_int_equal(count[13], 5);
	assert_string_equal(continent_code("europe"), "EU");
	assert_null(continent_code("Atlantis"));
	assert_null(continent_name("eu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_is_sound),
		cmocka_unit_test(test_continents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
