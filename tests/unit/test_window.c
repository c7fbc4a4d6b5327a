/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exact window; the differences that the manual of ipfwthrottle names. */
#include "throttle_fixture.h"

#include "throttle/window.h"

static unsigned pass_count(struct window *window, const struct window_limit *limit, unsigned tries,
			   uint64_t now_ns)
{
	unsigned count = 0;
	for (unsigned i = 0; i < tries; i++)
		count += window_charge(window, limit, 1, now_ns);
	return count;
}

static void test_fifty_in_ten_seconds_at_once(void **state)
{
	(void)state;
	struct window_limit limit = {50, 10 * SECOND};
	struct window window = {0};
	uint64_t t = 77 * SECOND;
	assert_int_equal(pass_count(&window, &limit, 60, t), 50);
	for (uint64_t second = 1; second < 10; second++)
		assert_int_equal(pass_count(&window, &limit, 5, t + second * SECOND), 0);
	assert_int_equal(pass_count(&window, &limit, 5, t + 10 * SECOND - 1), 0);
	assert_int_equal(pass_count(&window, &limit, 60, t + 10 * SECOND), 50);
}

static void test_five_in_one_second_differs(void **state)
{
	(void)state;
	struct window_limit limit = {5, SECOND};
	struct window window = {0};
	for (uint64_t second = 0; second < 10; second++)
		assert_int_equal(pass_count(&window, &limit, 60, second * SECOND), 5);
}

static void test_window_begins_with_its_first_packet(void **state)
{
	(void)state;
	struct window_limit limit = {2, 10 * SECOND};
	struct window window = {0};
	assert_true(window_charge(&window, &limit, 1, 0));
	assert_true(window_charge(&window, &limit, 1, 9 * SECOND));
	assert_false(window_charge(&window, &limit, 1, 10 * SECOND - 1));
	/* Not at a multiple of S: 13 s is when the next one opens. */
	assert_true(window_charge(&window, &limit, 1, 13 * SECOND));
	assert_int_equal(window_left_ns(&window, &limit, 15 * SECOND), 8 * SECOND);
	assert_true(window_charge(&window, &limit, 1, 22 * SECOND));
	assert_false(window_charge(&window, &limit, 1, 23 * SECOND - 1));
	assert_true(window_charge(&window, &limit, 1, 23 * SECOND));
}

static void test_many_at_once(void **state)
{
	(void)state;
	struct window_limit limit = {50, SECOND};
	struct window window = {0};
	assert_false(window_charge(&window, &limit, 51, 0));
	assert_int_equal(window_left_ns(&window, &limit, 0), 0);
	assert_true(window_charge(&window, &limit, 44, 0));
	assert_false(window_charge(&window, &limit, 7, 0));
	assert_false(window_charge(&window, &limit, UINT32_MAX, 0));
	assert_true(window_charge(&window, &limit, 6, 0));
	assert_false(window_charge(&window, &limit, 1, 0));
}

static void test_ends_of_the_clock(void **state)
{
	(void)state;
	struct window_limit limit = {UINT32_MAX, UINT64_MAX};
	struct window window = {0};
	assert_true(window_charge(&window, &limit, UINT32_MAX, 0));
	assert_false(window_charge(&window, &limit, 1, UINT64_MAX - 1));
	assert_true(window_charge(&window, &limit, 1, UINT64_MAX));
}

static void test_a_worker_with_an_older_batch(void **state)
{
	(void)state;
	struct window_limit limit = {2, SECOND};
	struct window window = {0};
	assert_true(window_charge(&window, &limit, 1, 10 * SECOND));
	assert_true(window_charge(&window, &limit, 1, 9 * SECOND));
	assert_false(window_charge(&window, &limit, 1, 9 * SECOND));
	assert_int_equal(window.opened_ns, 10 * SECOND);
}

static void test_lowered_limit(void **state)
{
	(void)state;
	struct window_limit limit = {50, SECOND}, lower = {5, SECOND};
	struct window window = {0};
	assert_true(window_charge(&window, &limit, 20, 0));
	assert_false(window_charge(&window, &lower, 1, 0));
	assert_true(window_charge(&window, &lower, 5, SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fifty_in_ten_seconds_at_once),
		cmocka_unit_test(test_five_in_one_second_differs),
		cmocka_unit_test(test_window_begins_with_its_first_packet),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_ends_of_the_clock),
		cmocka_unit_test(test_a_worker_with_an_older_batch),
		cmocka_unit_test(test_lowered_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
