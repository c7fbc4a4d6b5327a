/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over what has changed: bounded, and complete whatever happens meanwhile. */
#include "throttle_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "throttle/session_table.h"

#define NUMBERS 4000

/* What a reader knows by the visits alone. */
struct replica {
	uint32_t used[NUMBERS]; /* as last told */
	uint64_t sequence[NUMBERS];
	unsigned round[NUMBERS]; /* in which it was told */
	unsigned rounds;
	size_t visits;
};

static struct session_table *table_new(uint32_t max)
{
	struct session_table_options options = {8, max, 0, 1000 * SECOND};
	struct session_table *table;
	assert_int_equal(session_table_new(&options, &table), 0);
	return table;
}

static void use(struct session_table *table, uint64_t number)
{
	struct session_key key;
	struct session_use use;
	memcpy(key.bytes, &number, sizeof(number));
	session_table_acquire(table, &key, session_table_hash(table, &key), 1, &use);
	use.session->state_count++;
	session_table_release(table, &use, true, 1);
}

static uint64_t number_of(const struct session *session)
{
	uint64_t number;
	memcpy(&number, session->key, sizeof(number));
	assert_true(number < NUMBERS);
	return number;
}

static void tell(const struct session *session, void *context)
{
	struct replica *replica = context;
	uint64_t number = number_of(session);
	assert_true(replica->sequence[number] <= session->sequence);
	replica->sequence[number] = session->sequence;
	replica->used[number] = session->state_count;
	/* Twice in a round would have no end while others use it. */
	assert_true(replica->round[number] < replica->rounds);
	replica->round[number] = replica->rounds;
	replica->visits++;
}

static void compare(const struct session *session, void *context)
{
	const struct replica *replica = context;
	assert_int_equal(replica->used[number_of(session)], session->state_count);
}

static size_t round_of(struct session_table *table, uint32_t steps, struct replica *replica)
{
	size_t before = replica->visits, last = before;
	bool is_more = true;
	replica->rounds++;
	while (is_more) {
		is_more = session_table_walk_changed(table, steps, tell, replica);
		assert_true(replica->visits - last <= steps);
		last = replica->visits;
	}
	return replica->visits - before;
}

static void assert_complete(struct session_table *table, struct replica *replica)
{
	uint32_t cursor = 0;
	assert_false(session_table_walk(table, &cursor, UINT32_MAX, compare, replica));
}

static void test_only_what_has_changed(void **state)
{
	(void)state;
	struct session_table *table = table_new(NUMBERS);
	struct replica replica = {0};
	assert_false(session_table_has_changed(table));
	assert_int_equal(round_of(table, 10, &replica), 0);
	for (uint64_t i = 0; i < NUMBERS; i++)
		use(table, i);
	assert_true(session_table_has_changed(table));
	assert_int_equal(round_of(table, 7, &replica), NUMBERS);
	assert_false(session_table_has_changed(table));
	assert_int_equal(round_of(table, 7, &replica), 0);
	for (int i = 0; i < 5; i++)
		use(table, 17);
	use(table, 18);
	assert_int_equal(round_of(table, 1, &replica), 2);
	assert_int_equal(replica.used[17], 6);
	assert_complete(table, &replica);
	use(table, 19);
	session_table_skip_changed(table);
	assert_false(session_table_has_changed(table));
	use(table, 20);
	assert_int_equal(round_of(table, 10, &replica), 1);
	session_table_free(table);
}

static void test_a_round_can_be_given_up(void **state)
{
	(void)state;
	struct session_table *table = table_new(NUMBERS);
	struct replica replica = {.rounds = 1};
	for (uint64_t i = 0; i < 1000; i++)
		use(table, i);
	assert_true(session_table_walk_changed(table, 300, tell, &replica));
	assert_true(session_table_has_changed(table));
	session_table_skip_changed(table);
	assert_false(session_table_has_changed(table));
	assert_int_equal(round_of(table, 10, &replica), 0);
	assert_int_equal(replica.visits, 300);
	session_table_free(table);
}

/* Sessions are used and evicted between the steps, also the very one that comes next. */
static void random_uses(uint32_t max, unsigned uses_per_step)
{
	struct session_table *table = table_new(max);
	struct replica *replica = calloc(1, sizeof(*replica));
	unsigned seed = 3;
	assert_non_null(replica);
	for (int round = 0; round < 40; round++) {
		bool is_more = true;
		replica->rounds++;
		for (unsigned i = 0; i < 500; i++)
			use(table, (uint64_t)rand_r(&seed) % NUMBERS);
		while (is_more) {
			uint32_t steps = (uint32_t)rand_r(&seed) % 9 + 1;
			is_more = session_table_walk_changed(table, steps, tell, replica);
			for (unsigned i = 0; i < uses_per_step; i++)
				use(table, (uint64_t)rand_r(&seed) % NUMBERS);
		}
	}
	round_of(table, 10, replica);
	assert_complete(table, replica);
	free(replica);
	session_table_free(table);
}

static void test_uses_between_the_steps(void **state)
{
	(void)state;
	random_uses(NUMBERS, 1);
	random_uses(NUMBERS, 20);
	random_uses(NUMBERS / 8, 3);
	random_uses(5, 3);
}

struct user {
	struct session_table *table;
	unsigned seed;
	atomic_bool *is_ending;
};

static void *use_all_the_time(void *argument)
{
	struct user *user = argument;
	while (!atomic_load(user->is_ending))
		use(user->table, (uint64_t)rand_r(&user->seed) % NUMBERS);
	return NULL;
}

static void test_uses_by_other_threads(void **state)
{
	(void)state;
	enum { THREADS = 3 };
	struct session_table *table = table_new(NUMBERS / 2);
	struct replica *replica = calloc(1, sizeof(*replica));
	struct user users[THREADS];
	pthread_t threads[THREADS];
	atomic_bool is_ending = false;
	assert_non_null(replica);
	for (unsigned i = 0; i < THREADS; i++) {
		users[i] = (struct user){table, i + 1, &is_ending};
		assert_int_equal(pthread_create(&threads[i], NULL, use_all_the_time, &users[i]), 0);
	}
	for (int round = 0; round < 30; round++)
		round_of(table, 50, replica);
	atomic_store(&is_ending, true);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	round_of(table, 50, replica);
	assert_complete(table, replica);
	assert_int_equal(round_of(table, 50, replica), 0);
	free(replica);
	session_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_has_changed),
		cmocka_unit_test(test_a_round_can_be_given_up),
		cmocka_unit_test(test_uses_between_the_steps),
		cmocka_unit_test(test_uses_by_other_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
