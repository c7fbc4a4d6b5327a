/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Countries of addresses. TEST_COUNTRY_DB names the database that tests/geo/make-country-db wrote
 * from tests/geo/countries.txt; without it, tests/geo/country.mmdb below the current folder.
 */
#include "rules_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/nfshaper-geo-XXXXXX";
static char copy_path[sizeof(folder) + 16];
static unsigned char *database; /* the file's bytes */
static size_t database_size;

static int read_database(void **state)
{
	const char *path = getenv("TEST_COUNTRY_DB");
	struct stat status;
	(void)state;
	FILE *file = fopen(path ? path : "tests/geo/country.mmdb", "rb");
	if (!file || fstat(fileno(file), &status) || !mkdtemp(folder)) {
		print_error("the test database cannot be read: set TEST_COUNTRY_DB\n");
		return -1;
	}
	database_size = (size_t)status.st_size;
	database = malloc(database_size);
	bool whole = database && fread(database, 1, database_size, file) == database_size;
	fclose(file);
	snprintf(copy_path, sizeof(copy_path), "%s/db.mmdb", folder);
	return whole ? 0 : -1;
}

static int forget_database(void **state)
{
	(void)state;
	free(database);
	unlink(copy_path);
	return rmdir(folder);
}

static void write_copy(const void *bytes, size_t size, mode_t mode)
{
	unlink(copy_path);
	int fd = open(copy_path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static struct geo *open_copy(void)
{
	char *why = NULL;
	write_copy(database, database_size, 0644);
	struct geo *geo = geo_open(copy_path, &why);
	if (!geo)
		fail_msg("%s", why);
	assert_null(why);
	return geo;
}

static void assert_refused(const char *path, const char *message)
{
	char *why = NULL;
	assert_null(geo_open(path, &why));
	assert_non_null(why);
	if (!strstr(why, message))
		fail_msg("%s: %s", path, why);
	free(why);
}

static void assert_country(const struct geo *geo, const char *text, const char *cc)
{
	struct geo_country country = {0};
	struct addr addr = sample_addr(text);
	bool known = geo_lookup(geo, &addr, &country) && country.cc;
	if (known != (cc != NULL))
		fail_msg("%s is %s", text, known ? "known" : "not known");
	if (!cc)
		return;
	assert_int_equal(country.cc_length, 2);
	assert_memory_equal(country.cc, cc, 2);
}

static void test_lookup(void **state)
{
	struct geo *geo = open_copy();
	(void)state;
	assert_country(geo, "192.0.2.1", "NZ");
	assert_country(geo, "192.0.2.127", "NZ");
	assert_country(geo, "192.0.2.128", "AU");
	assert_country(geo, "198.51.100.6", "DE");
	assert_country(geo, "198.51.100.7", "CI");
	assert_country(geo, "2001:db8:1::1", "NZ");
	assert_country(geo, "2001:db8:2:ffff::", "AU");
	assert_country(geo, "2001:db8:3::1", NULL);
	assert_country(geo, "8.8.8.8", NULL);
	assert_country(geo, "203.0.112.9", NULL); /* an entry, but no country in it */
	geo_close(geo);
}

static void test_embedded(void **state)
{
	struct geo *geo = open_copy();
	(void)state;
	assert_country(geo, "::ffff:192.0.2.1", "NZ");
	assert_country(geo, "64:ff9b::198.51.100.1", "DE");
	assert_country(geo, "64:ff9b::10.0.0.1", NULL);
	assert_country(geo, "::ffff:127.0.0.1", NULL);
	assert_country(geo, "64:ff9b:1::198.51.100.1", NULL);
	geo_close(geo);
}

/* The test database claims all of these for France. */
static void test_private(void **state)
{
	static const char *const addresses[] = {
		"10.0.0.1",        "10.255.255.255", "172.16.0.1", "172.31.255.255",
		"192.168.0.1",     "169.254.1.1",    "127.0.0.1",  "224.0.0.251",
		"239.255.255.250", "0.0.0.0",        "fc00::1",    "fd00::20",
		"fe80::1",         "ff02::1",        "::1",        "::"};
	struct geo *geo = open_copy();
	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++)
		assert_country(geo, addresses[i], NULL);
	geo_close(geo);
}

static void test_names(void **state)
{
	struct geo_country country;
	struct geo *geo = open_copy();
	struct addr turkey = sample_addr("198.19.0.1"), nameless = sample_addr("2001:db8:ff::1");
	(void)state;
	assert_true(geo_lookup(geo, &turkey, &country));
	assert_int_equal(country.name_length, strlen("Turkey"));
	assert_memory_equal(country.name, "Turkey", country.name_length);
	assert_true(geo_lookup(geo, &nameless, &country));
	assert_null(country.name);
	geo_close(geo);
}

static void test_continent(void **state)
{
	struct geo_country country;
	struct sample sample;
	struct geo *geo = open_copy();
	struct addr addr = sample_addr("203.0.112.9");
	(void)state;
	assert_true(geo_lookup(geo, &addr, &country));
	assert_null(country.cc);
	assert_memory_equal(country.continent, "OC", 2);
	addr = sample_addr("203.0.113.9");
	assert_true(geo_lookup(geo, &addr, &country));
	assert_memory_equal(country.cc, "SK", 2);
	assert_null(country.continent);
	/* The database goes before the table, which helps where the database says nothing. */
	sample_init(&sample, "203.0.112.9", "203.0.113.9", IPPROTO_ICMP);
	sample.facts.geo = geo;
	assert_true(expression_holds("continent == OC and not cc", &sample.facts));
	sample.facts.source_is_local = true;
	assert_true(expression_holds("continent == EU and cc == SK", &sample.facts));
	geo_close(geo);
}

static void test_cache(void **state)
{
	struct geo_country plain, cached;
	struct geo *geo = open_copy();
	struct geo_cache *cache = geo_cache_new();
	(void)state;
	/* More addresses than places, twice, so that some are there and some were replaced. */
	for (unsigned i = 0; i < 2000; i++) {
		const uint8_t bytes[] = {192, 0, 2, (uint8_t)(i * 7)},
			      other[] = {8, 8, i % 3, i % 5};
		struct addr addr = addr_from_bytes(AF_INET, i % 4 ? bytes : other);
		plain = (struct geo_country){0};
		bool known = geo_lookup(geo, &addr, &plain);
		assert_int_equal(geo_cache_lookup(cache, geo, &addr, &cached), known);
		assert_ptr_equal(cached.cc, plain.cc);
		assert_ptr_equal(cached.name, plain.name);
		assert_int_equal(geo_cache_lookup(NULL, geo, &addr, &cached), known);
		assert_ptr_equal(cached.cc, plain.cc);
	}
	geo_cache_free(cache);
	geo_close(geo);
}

/* The same first bytes in both families, and another database at perhaps the same place. */
static void test_cache_keys(void **state)
{
	struct geo_country country;
	struct geo *geo = open_copy();
	struct geo_cache *cache = geo_cache_new();
	struct addr v4 = sample_addr("192.0.2.1"), v6 = sample_addr("c000:201::");
	uint64_t serial = geo_serial(geo);
	(void)state;
	assert_true(geo_cache_lookup(cache, geo, &v4, &country));
	assert_false(geo_cache_lookup(cache, geo, &v6, &country));
	assert_null(country.cc);
	assert_true(geo_cache_lookup(cache, geo, &v4, &country));
	geo_close(geo);
	geo = open_copy();
	assert_true(geo_serial(geo) > serial);
	assert_true(geo_cache_lookup(cache, geo, &v4, &country));
	assert_memory_equal(country.cc, "NZ", 2);
	geo_cache_free(cache);
	geo_close(geo);
	geo_cache_free(NULL);
}

/* Rules name the countries by our table, however the database spells them. */
static void test_facts(void **state)
{
	struct sample sample;
	struct geo *geo = open_copy();
	(void)state;
	sample_init(&sample, "198.19.0.1", "192.0.2.1", IPPROTO_ICMP);
	sample.facts.geo = geo;
	assert_true(expression_holds("cc == TR and country == Türkiye", &sample.facts));
	assert_true(
		expression_holds("country == Turkey and country like 'T?rkiye'", &sample.facts));
	sample.facts.source_is_local = true;
	assert_true(expression_holds("cc == NZ and country == 'New Zealand'", &sample.facts));
	sample.facts.cc = "DE";
	assert_true(expression_holds("cc == DE and country == Germany", &sample.facts));
	geo_close(geo);
}

/* Ten rules about countries, and packets of one host, cost one look-up. */
static void test_facts_with_cache(void **state)
{
	struct sample sample;
	struct geo *geo = open_copy();
	struct geo_cache *cache = geo_cache_new();
	(void)state;
	sample_init(&sample, "192.0.2.1", "198.51.100.1", IPPROTO_ICMP);
	sample.facts.geo = geo;
	sample.facts.geo_cache = cache;
	for (int i = 0; i < 3; i++) {
		sample.facts.source_is_local = i == 1;
		assert_int_equal(expression_holds("cc == DE", &sample.facts), i == 1);
		assert_int_equal(expression_holds("cc == NZ", &sample.facts), i != 1);
	}
	geo_cache_free(cache);
	geo_close(geo);
}

static void test_refused_files(void **state)
{
	(void)state;
	assert_refused("/nonexistent/country.mmdb", "No such file");
	assert_refused(folder, "not a regular file");
	write_copy(database, database_size, 0664);
	assert_refused(copy_path, "chmod go-w");
	write_copy(database, database_size, 0646);
	assert_refused(copy_path, "mode 0646");
	write_copy("", 0, 0644);
	assert_refused(copy_path, "not a database");
	write_copy("no database at all\n", 19, 0644);
	assert_refused(copy_path, "not a database");
	write_copy(database, database_size / 3, 0644);
	assert_refused(copy_path, "not a database");
}

static void test_other_type(void **state)
{
	unsigned char *type = memmem(database, database_size, "GeoLite2-Country", 16);
	(void)state;
	assert_non_null(type);
	memcpy(type, "GeoLite2-Asnumbe", 16);
	write_copy(database, database_size, 0644);
	memcpy(type, "GeoLite2-Country", 16);
	assert_refused(copy_path, "it has no countries (its type is GeoLite2-Asnumbe)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_refused_files),
		cmocka_unit_test(test_other_type),
		cmocka_unit_test(test_continent),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_keys),
		cmocka_unit_test(test_facts_with_cache),
	};
	return cmocka_run_group_tests(tests, read_database, forget_database);
}
