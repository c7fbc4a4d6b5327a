/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The throttles that there are: of the file, and made by command; at start, and at each reload. */
#include "fixture.h"

#include <string.h>

#include "engine/throttle_list.h"

static void add(struct throttle_list *list, const char *tag, uint32_t serial, bool by_command)
{
	struct throttle_item item = {.tag = (char *)(uintptr_t)tag,
				     .serial = serial,
				     .by_command = by_command,
				     .spec = throttle_spec_default()};
	item.spec.window = (struct window_limit){7, 8};
	throttle_list_add(list, &item);
}

static void expect(const struct throttle_list *list, size_t position, const char *tag,
		   uint32_t serial, bool by_command)
{
	assert_true(position < list->count);
	assert_string_equal(list->items[position].tag, tag);
	assert_int_equal(list->items[position].serial, serial);
	assert_int_equal(list->items[position].by_command, by_command);
}

static struct snapshot *load(const char *throttles, const struct throttle_list *known)
{
	char text[2048];
	struct snapshot_known all = {.throttles = *known};
	snprintf(text, sizeof(text), "version: 1\n%s%s", *throttles ? "throttles:\n" : "",
		 throttles);
	return fixture_snapshot_known(text, &all);
}

static void serials_are_given_once(void **state)
{
	struct throttle_list list = {0}, copy = {0};
	(void)state;
	add(&list, "a", 0, false);
	add(&list, "b", 0, true);
	add(&list, "c", 9, false);
	add(&list, "d", 0, false);
	expect(&list, 0, "a", 1, false);
	expect(&list, 1, "b", 2, true);
	expect(&list, 2, "c", 9, false);
	expect(&list, 3, "d", 10, false);
	throttle_list_remove(&list, 3);
	throttle_list_remove(&list, 0);
	throttle_list_copy(&copy, &list);
	throttle_list_fini(&list);
	assert_int_equal(copy.count, 2);
	assert_null(throttle_list_find(&copy, "d"));
	add(&copy, "d", 0, false);
	expect(&copy, 0, "b", 2, true);
	expect(&copy, 1, "c", 9, false);
	expect(&copy, 2, "d", 11, false);
	assert_ptr_equal(throttle_list_find(&copy, "c"), &copy.items[1]);
	throttle_list_fini(&copy);
}

static void names_of_calls(void **state)
{
	struct throttle_list list = {0};
	(void)state;
	add(&list, "DNS-throttle", 0, false);
	assert_ptr_equal(throttle_list_find_call(&list, "DNS_throttle"), &list.items[0]);
	assert_ptr_equal(throttle_list_find_call(&list, "DNS-throttle"), &list.items[0]);
	assert_null(throttle_list_find_call(&list, "dns-throttle"));
	assert_null(throttle_list_find(&list, "DNS_throttle"));
	throttle_list_fini(&list);
}

static void the_file_comes_first(void **state)
{
	struct throttle_list known = {0};
	(void)state;
	add(&known, "made", 0, true);
	add(&known, "mail", 0, false);
	add(&known, "gone", 0, false);
	struct snapshot *snapshot = load("  dns: {limit: 50/1}\n  mail: {limit: 25/60}\n", &known);
	assert_int_equal(snapshot->list.count, 3);
	expect(&snapshot->list, 0, "dns", 4, false);
	expect(&snapshot->list, 1, "mail", 2, false);
	expect(&snapshot->list, 2, "made", 1, true);
	assert_int_equal(snapshot->list.items[1].spec.window.packets, 25);
	assert_int_equal(snapshot->list.items[2].spec.window.packets, 7);
	assert_int_equal(snapshot->list.last_serial, 4);
	snapshot_free(snapshot);
	throttle_list_fini(&known);
}

/* A tag that the file has takes the file's values, also where only nft could not tell them apart.
 */
static void the_file_takes_names_over(void **state)
{
	struct throttle_list known = {0};
	(void)state;
	add(&known, "a-b", 0, true);
	add(&known, "c-d", 0, true);
	add(&known, "e", 0, true);
	struct snapshot *snapshot = load("  a-b: {limit: 50/1}\n  c_d: {limit: 25/60}\n", &known);
	assert_int_equal(snapshot->list.count, 3);
	expect(&snapshot->list, 0, "a-b", 1, false);
	expect(&snapshot->list, 1, "c_d", 4, false);
	expect(&snapshot->list, 2, "e", 3, true);
	assert_int_equal(snapshot->list.items[0].spec.window.packets, 50);
	snapshot_free(snapshot);
	throttle_list_fini(&known);
}

/* What the file had and has no more ends, and its serial is not given again. */
static void what_the_file_drops_ends(void **state)
{
	struct throttle_list known = {0}, later = {0};
	(void)state;
	struct snapshot *snapshot = load("  a: {limit: 50/1}\n  b: {limit: 50/1}\n", &known);
	throttle_list_copy(&known, &snapshot->list);
	snapshot_free(snapshot);
	snapshot = load("  b: {limit: 51/1}\n", &known);
	assert_int_equal(snapshot->list.count, 1);
	expect(&snapshot->list, 0, "b", 2, false);
	throttle_list_copy(&later, &snapshot->list);
	snapshot_free(snapshot);
	snapshot = load("  a: {limit: 50/1}\n  b: {limit: 51/1}\n", &later);
	expect(&snapshot->list, 0, "a", 3, false);
	snapshot_free(snapshot);
	throttle_list_fini(&known);
	throttle_list_fini(&later);
}

static void the_file_in_numbers(void **state)
{
	struct throttle_list none = {0};
	(void)state;
	struct snapshot *snapshot = load(
		"  w: {limit: 25/1m, session: [lport, user], mask: 0xffff, max: 9, expire: 2m, "
		"buckets: 64, count: connections, over: reject}\n"
		"  b: {rate: 2mbit, burst: 64kB, session: none}\n",
		&none);
	const struct throttle_spec *spec = &snapshot->list.items[0].spec;
	assert_int_equal(spec->kind, THROTTLE_WINDOW);
	assert_int_equal(spec->window.packets, 25);
	assert_int_equal(spec->window.span_ns, 60000000000);
	assert_int_equal(spec->session.fields,
			 SESSION_BIT(SESSION_LPORT) | SESSION_BIT(SESSION_USER));
	assert_int_equal(spec->session.mask, 0xffff);
	assert_int_equal(spec->count, THROTTLE_CONNECTIONS);
	assert_int_equal(spec->max, 9);
	assert_int_equal(spec->buckets, 64);
	assert_int_equal(spec->expire_ns, 120000000000);
	assert_true(snapshot->list.items[0].over_rejects);
	spec = &snapshot->list.items[1].spec;
	assert_int_equal(spec->kind, THROTTLE_BUCKET);
	assert_int_equal(spec->bucket.rate_bytes_per_s, 250000);
	assert_int_equal(spec->bucket.burst_bytes, 64000);
	assert_int_equal(spec->session.fields, SESSION_NONE);
	assert_int_equal(spec->count, THROTTLE_PACKETS);
	assert_int_equal(spec->max, THROTTLE_MAX_DEFAULT);
	assert_int_equal(spec->expire_ns, THROTTLE_EXPIRE_DEFAULT_NS);
	assert_false(snapshot->list.items[1].over_rejects);
	snapshot_free(snapshot);
}

/* All that the file may say, a throttle can be made of. */
static void the_ends_of_the_scales(void **state)
{
	struct throttle_list none = {0};
	(void)state;
	struct snapshot *snapshot = load("  a: {limit: 1/1, expire: 1, max: 1}\n"
					 "  b: {limit: 4294967295/100y, max: 268435455}\n"
					 "  c: {rate: 0.001kbit, burst: 1500B, expire: 100y}\n"
					 "  d: {rate: 1gbit, burst: 18446MB, expire: 1}\n",
					 &none);
	assert_int_equal(snapshot_open(snapshot, NULL), 0);
	snapshot_apply_limits(snapshot);
	snapshot_free(snapshot);
}

/* Tables are taken over where tag, serial and sessions are the same. */
static void sessions_are_kept(void **state)
{
	struct throttle_list known = {0};
	(void)state;
	struct snapshot *before = load("  same: {limit: 5/1, session: saddr}\n"
				       "  limits: {limit: 5/1, session: saddr}\n"
				       "  fields: {limit: 5/1, session: saddr}\n"
				       "  mask: {limit: 5/1, session: saddr}\n"
				       "  kind: {limit: 5/1, session: saddr}\n",
				       &known);
	assert_int_equal(snapshot_open(before, NULL), 0);
	throttle_list_copy(&known, &before->list);
	struct snapshot *after = load("  kind: {rate: 1mbit, burst: 9kB, session: saddr}\n"
				      "  mask: {limit: 5/1, session: saddr, mask: 1}\n"
				      "  fields: {limit: 5/1, session: daddr}\n"
				      "  limits: {limit: 6/2, session: saddr, max: 5, expire: 9}\n"
				      "  same: {limit: 5/1, session: saddr}\n",
				      &known);
	assert_int_equal(snapshot_open(after, before), 0);
	assert_ptr_equal(after->throttles[4], before->throttles[0]);
	assert_ptr_equal(after->throttles[3], before->throttles[1]);
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 5; k++)
			assert_ptr_not_equal(after->throttles[i], before->throttles[k]);
	/* Nothing is in force before it is asked for. */
	assert_int_equal(throttle_spec(before->throttles[1])->window.packets, 5);
	snapshot_apply_limits(after);
	assert_int_equal(throttle_spec(after->throttles[3])->window.packets, 6);
	snapshot_free(before);
	assert_string_equal(throttle_tag(after->throttles[3]), "limits");
	snapshot_free(after);
	throttle_list_fini(&known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serials_are_given_once),
		cmocka_unit_test(names_of_calls),
		cmocka_unit_test(the_file_comes_first),
		cmocka_unit_test(the_file_takes_names_over),
		cmocka_unit_test(what_the_file_drops_ends),
		cmocka_unit_test(the_file_in_numbers),
		cmocka_unit_test(the_ends_of_the_scales),
		cmocka_unit_test(sessions_are_kept),
	};
	return cmocka_run_group_tests_name("list of throttles", tests, NULL, NULL);
}
