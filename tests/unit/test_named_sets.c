/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Named sets: compiled once for each kind of attribute, shared, and bounded. */
#include "fixture.h"

#include <string.h>
#include <time.h>

#include "rules/condition.h"
#include "util/alloc.h"

#define SETS                                                                                       \
	"version: 1\nsets:\n  web: [80, 443, 8000-8099]\n  hosts: [192.0.2.0/28, 2001:db8::7]\n"   \
	"  mixed: [80, 10.0.0.1]\n  lines: [wan0]\n"

static struct config *load(const char *text, struct diags *diags)
{
	char path[] = "/tmp/nfshaper-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	struct config *config = config_load(path, diags);
	unlink(path);
	return config;
}

static struct config *load_good(const char *text)
{
	struct diags diags;
	diags_init(&diags);
	struct config *config = load(text, &diags);
	diags_print(&diags, stderr);
	diags_fini(&diags);
	assert_non_null(config);
	return config;
}

static struct condition *compile(const char *text, struct named_sets *sets)
{
	struct fault fault = {0};
	struct condition *condition = condition_new_with_sets(text, sets, &fault);
	if (!condition)
		fail_msg("%s: %s", text, fault.message);
	return condition;
}

/* All ports are written alike: one compiled set, which outlives the book of sets. */
static void test_sharing(void **state)
{
	struct config *config = load_good(SETS);
	struct named_sets *sets = named_sets_new(config);
	struct condition *both = compile("rport in @web or lport not in @web", sets);
	struct condition *again = compile("[@web] == dport", sets);
	struct condition *length = compile("length in @web", sets);
	struct condition *list = compile("rport in [@web, 25]", sets);
	const struct predicate *first = &both->children[0].predicate;
	const struct predicate *second = &both->children[1].predicate;
	(void)state;
	named_sets_free(sets);
	config_free(config);
	assert_non_null(first->shared);
	assert_ptr_equal(first->shared, second->shared);
	assert_ptr_equal(first->shared, again->predicate.shared);
	assert_int_equal(first->shared->users, 3);
	assert_ptr_not_equal(first->shared, length->predicate.shared);
	assert_null(list->predicate.shared);
	assert_false(first->is_negated);
	assert_true(second->is_negated);
	assert_int_equal(first->kind, PREDICATE_NUMBERS);
	assert_int_equal(first->numbers.count, 3);
	assert_true(number_set_has(&first->numbers, 8050));
	assert_int_equal(list->predicate.numbers.count, 4);
	condition_free(both);
	assert_int_equal(again->predicate.shared->users, 1);
	assert_true(number_set_has(&again->predicate.numbers, 443));
	condition_free(again);
	condition_free(length);
	condition_free(list);
}

static void test_kinds(void **state)
{
	struct config *config = load_good(SETS);
	struct named_sets *sets = named_sets_new(config);
	struct condition *addresses = compile("raddr in [@hosts, 10.0.0.0/8]", sets);
	struct condition *texts = compile("iif in [lan0, @lines]", sets);
	struct addr in_v6, in_v4, outside;
	(void)state;
	assert_int_equal(addr_parse("2001:db8::7", &in_v6), 0);
	assert_int_equal(addr_parse("192.0.2.15", &in_v4), 0);
	assert_int_equal(addr_parse("192.0.2.16", &outside), 0);
	assert_true(addr_set_has(&addresses->predicate.addresses, &in_v6));
	assert_true(addr_set_has(&addresses->predicate.addresses, &in_v4));
	assert_false(addr_set_has(&addresses->predicate.addresses, &outside));
	assert_true(text_set_has(&texts->predicate.texts, "wan0", 4));
	assert_true(text_set_has(&texts->predicate.texts, "lan0", 4));
	condition_free(addresses);
	condition_free(texts);
	named_sets_free(sets);
	config_free(config);
}

/* What is wrong with a set is found once and told to each that uses it, at the entry's place. */
static void test_misfit(void **state)
{
	struct config *config = load_good(SETS);
	struct named_sets *sets = named_sets_new(config);
	static const char *const texts[] = {"rport in @mixed", "lport in @mixed",
					    "rport in [1, @mixed]"};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fault fault = {0};
		assert_null(condition_new_with_sets(texts[i], sets, &fault));
		assert_string_equal(fault.at.file, config->path);
		assert_int_equal(fault.at.line, 5);
		assert_int_equal(fault.at.column, 15);
		assert_non_null(strstr(fault.message, "set `@mixed` is compared with `"));
		fault_fini(&fault);
	}
	named_sets_free(sets);
	config_free(config);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* `count` addresses as a set named big, and `rules` rules with that condition. */
static char *big_text(unsigned count, unsigned rules, const char *condition)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	fprintf(out, "version: 1\nsets:\n  big:\n");
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "  - 10.%u.%u.%u\n", i >> 14 & 255, i >> 7 & 127, i << 1 & 255);
	fprintf(out, "rules:\n");
	for (unsigned i = 0; i < rules; i++)
		fprintf(out, "- {if: '%s', action: drop}\n", condition);
	fclose(out);
	return text;
}

/* Many rules that use a large set cost little more than one. */
static void test_large_and_often_used(void **state)
{
	char *text = big_text(30000, 10000, "raddr in @big");
	struct ids none = {0};
	double start = seconds();
	(void)state;
	struct snapshot *snapshot = fixture_snapshot(text, &none);
	assert_true(seconds() - start < 20);
	snapshot_free(snapshot);
	free(text);
}

/* Copies into lists are not shared, so that they are limited. */
static void test_copies_are_limited(void **state)
{
	char *text = big_text(30000, 10000, "raddr in [@big, 192.0.2.1]");
	struct diags diags;
	struct ids none = {0};
	(void)state;
	diags_init(&diags);
	assert_null(fixture_load(text, &none, &diags));
	assert_true(diags.errors > 0 && diags.errors <= 101);
	assert_non_null(strstr(diags.items[0].message, "too many entries of sets are in lists: "
						       "write `A in @big or A in […]`"));
	diags_fini(&diags);
	free(text);
}

/* A set of half a million entries, out of files; the next one is one too many. */
static void test_too_many_entries(void **state)
{
	char folder[] = "/tmp/nfshaper-test-XXXXXX";
	struct diags diags;
	(void)state;
	assert_non_null(mkdtemp(folder));
	char *path = xasprintf("%s/ports", folder), *rules = xasprintf("%s/rules.yaml", folder);
	FILE *out = fopen(path, "w");
	for (unsigned i = 0; i < 250000; i++)
		fprintf(out, "%u\n", i);
	fclose(out);
	out = fopen(rules, "w");
	fprintf(out, "version: 1\nsets: {a: file:ports, b: file:ports, c: [1]}\n");
	fclose(out);
	diags_init(&diags);
	config_free(config_load(rules, &diags));
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.count, 1);
	assert_string_equal(diags.items[0].message,
			    "the sets have more than 500000 entries together");
	diags_fini(&diags);
	unlink(path);
	unlink(rules);
	rmdir(folder);
	free(path);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_misfit),
		cmocka_unit_test(test_large_and_often_used),
		cmocka_unit_test(test_copies_are_limited),
		cmocka_unit_test(test_too_many_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
