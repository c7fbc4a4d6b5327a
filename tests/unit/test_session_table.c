/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of sessions: order of eviction, expiry, growth, walks, and exactness among threads. */
#include "throttle_fixture.h"

#include <pthread.h>

#include "throttle/session_table.h"

#define THREADS 4

static struct session_table *table_new(uint32_t max, uint64_t expire_ns)
{
	struct session_table_options options = {8, max, 0, expire_ns};
	struct session_table *table;
	assert_int_equal(session_table_new(&options, &table), 0);
	return table;
}

/* Uses session `number` once; returns how often it had been used before. */
static uint32_t use_at(struct session_table *table, uint64_t number, uint64_t now_ns)
{
	struct session_key key;
	struct session_use use;
	memcpy(key.bytes, &number, sizeof(number));
	session_table_acquire(table, &key, session_table_hash(table, &key), now_ns, &use);
	uint32_t before = use.session->state_count++;
	session_table_release(table, &use, true, 1);
	return before;
}

static struct session_table_figures figures_of(struct session_table *table)
{
	struct session_table_figures figures;
	session_table_figures(table, &figures);
	return figures;
}

static void test_options(void **state)
{
	(void)state;
	struct session_table *table;
	struct session_table_options wrong[] = {
		{8, 0, 0, 1}, {0, 1, 0, 1}, {49, 1, 0, 1}, {8, SESSION_STORE_MAX + 1, 0, 1}};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(session_table_new(&wrong[i], &table) < 0);
	session_table_free(NULL);
}

/* Through many doublings every session is found again, at every moment. */
static void test_growth_loses_nothing(void **state)
{
	(void)state;
	struct session_table *table = table_new(200000, 1000 * SECOND);
	for (uint64_t i = 0; i < 100000; i++) {
		assert_int_equal(use_at(table, i, i), 0);
		assert_int_equal(use_at(table, i / 2, i), i % 2 ? 2 : 1);
	}
	assert_int_equal(figures_of(table).sessions, 100000);
	assert_int_equal(figures_of(table).evicted, 0);
	session_table_free(table);
}

/* A model of the order of use beside the table, with random uses: the same sessions live. */
static void test_eviction_is_of_the_one_used_longest_ago(void **state)
{
	(void)state;
	enum { MAX = 50, NUMBERS = 120 };
	struct session_table *table = table_new(MAX, 1000 * SECOND);
	uint64_t used[NUMBERS] = {0}; /* 0: not in the table */
	unsigned seed = 7, live = 0;
	for (uint64_t step = 1; step < 20000; step++) {
		unsigned number = (unsigned)rand_r(&seed) % NUMBERS;
		assert_int_equal(use_at(table, number, 5) > 0, used[number] > 0);
		if (!used[number] && live++ == MAX) {
			unsigned oldest = NUMBERS;
			for (unsigned i = 0; i < NUMBERS; i++) {
				if (used[i] && (oldest == NUMBERS || used[i] < used[oldest]))
					oldest = i;
			}
			used[oldest] = 0;
			live--;
		}
		used[number] = step;
		assert_int_equal(figures_of(table).sessions, live);
	}
	assert_true(figures_of(table).evicted > 1000);
	session_table_free(table);
}

static void test_expiry(void **state)
{
	(void)state;
	struct session_table *table = table_new(1000, 90 * SECOND);
	assert_int_equal(use_at(table, 1, 0), 0);
	assert_int_equal(use_at(table, 1, 90 * SECOND - 1), 1);
	assert_int_equal(use_at(table, 1, 180 * SECOND - 1), 0);
	for (uint64_t i = 0; i < 100; i++)
		use_at(table, i, 180 * SECOND);
	assert_int_equal(session_table_expire(table, 270 * SECOND - 1, 1000), 0);
	assert_int_equal(session_table_expire(table, 270 * SECOND, 30), 30);
	assert_int_equal(figures_of(table).sessions, 70);
	assert_int_equal(session_table_expire(table, 270 * SECOND, 1000), 70);
	assert_int_equal(figures_of(table).sessions, 0);
	session_table_free(table);
}

/* New sessions clear away what has expired, two for one, without any call but their own. */
static void test_expiry_beside_the_packets(void **state)
{
	(void)state;
	struct session_table *table = table_new(100000, SECOND);
	for (uint64_t i = 0; i < 10000; i++)
		use_at(table, i, 0);
	for (uint64_t i = 0; i < 20000; i++)
		use_at(table, 100000 + i, SECOND);
	assert_int_equal(figures_of(table).sessions, 20000);
	assert_int_equal(figures_of(table).evicted, 0);
	session_table_free(table);
}

static void test_lower_max(void **state)
{
	(void)state;
	struct session_table *table = table_new(100, 1000 * SECOND);
	for (uint64_t i = 0; i < 100; i++)
		use_at(table, i, i);
	session_table_set_limits(table, 10, 1000 * SECOND);
	use_at(table, 1000, 1000);
	assert_int_equal(figures_of(table).sessions, 10);
	assert_int_equal(use_at(table, 99, 1000), 1);
	assert_int_equal(use_at(table, 90, 1000), 0);
	session_table_set_limits(table, 4, 1000 * SECOND);
	assert_int_equal(session_table_expire(table, 1000, 100), 6);
	assert_int_equal(figures_of(table).sessions, 4);
	session_table_free(table);
}

static void mark_seen(const struct session *session, void *context)
{
	uint8_t *seen = context;
	uint64_t number;
	memcpy(&number, session->key, sizeof(number));
	if (number < 1000)
		seen[number]++;
}

/* Other sessions come and go between the steps; the first thousand live all the time. */
static void test_walk(void **state)
{
	(void)state;
	struct session_table *table = table_new(1500, 1000 * SECOND);
	uint8_t seen[1000] = {0};
	uint32_t cursor = 0;
	uint64_t other = 5000;
	bool is_more = true;
	for (uint64_t i = 0; i < 1000; i++)
		use_at(table, i, 0);
	while (is_more) {
		is_more = session_table_walk(table, &cursor, 10, mark_seen, seen);
		for (int i = 0; i < 50; i++)
			use_at(table, other++, 0);
		for (uint64_t i = 0; i < 1000; i++)
			use_at(table, i, 0);
	}
	assert_true(figures_of(table).evicted > 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(seen[i], 1);
	session_table_free(table);
}

struct hammer {
	struct session_table *table;
	uint64_t sessions;
	uint64_t uses;
	unsigned seed;
};

static void *hammer_run(void *argument)
{
	struct hammer *hammer = argument;
	for (uint64_t i = 0; i < hammer->uses; i++)
		use_at(hammer->table, (uint64_t)rand_r(&hammer->seed) % hammer->sessions, i);
	return NULL;
}

static void add_count(const struct session *session, void *context)
{
	*(uint64_t *)context += session->state_count;
}

static uint64_t hammer_all(struct session_table *table, uint64_t sessions, uint64_t uses)
{
	pthread_t threads[THREADS];
	struct hammer hammers[THREADS];
	for (unsigned i = 0; i < THREADS; i++) {
		hammers[i] = (struct hammer){table, sessions, uses, i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, hammer_run, &hammers[i]), 0);
	}
	/* Readers beside them must see nothing torn. */
	uint32_t cursor = 0;
	uint64_t ignored = 0;
	while (session_table_walk(table, &cursor, 100, add_count, &ignored))
		assert_true(figures_of(table).sessions <= figures_of(table).max);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	uint64_t sum = 0;
	cursor = 0;
	session_table_walk(table, &cursor, UINT32_MAX, add_count, &sum);
	return sum;
}

static void test_threads_count_exactly(void **state)
{
	(void)state;
	struct session_table *one = table_new(1000, 1000 * SECOND);
	assert_int_equal(hammer_all(one, 1, 50000), THREADS * 50000);
	assert_int_equal(figures_of(one).passed, THREADS * 50000);
	session_table_free(one);
	struct session_table *many = table_new(100000, 1000 * SECOND);
	assert_int_equal(hammer_all(many, 30000, 50000), THREADS * 50000);
	assert_int_equal(figures_of(many).evicted, 0);
	session_table_free(many);
}

/* Full all the time, so that every second use evicts: never more than max, nothing counted twice.
 */
static void test_threads_evict(void **state)
{
	(void)state;
	struct session_table *table = table_new(500, 1000 * SECOND);
	uint64_t left = hammer_all(table, 1000, 20000);
	struct session_table_figures figures = figures_of(table);
	assert_int_equal(figures.passed, THREADS * 20000);
	assert_true(left < THREADS * 20000 && figures.evicted > 1000);
	assert_in_range(figures.sessions, 500 - THREADS, 500);
	session_table_free(table);
	struct session_table *tiny = table_new(1, 1000 * SECOND);
	hammer_all(tiny, 3, 5000);
	assert_int_equal(figures_of(tiny).passed, THREADS * 5000);
	session_table_free(tiny);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_growth_loses_nothing),
		cmocka_unit_test(test_eviction_is_of_the_one_used_longest_ago),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_beside_the_packets),
		cmocka_unit_test(test_lower_max),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_threads_count_exactly),
		cmocka_unit_test(test_threads_evict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
