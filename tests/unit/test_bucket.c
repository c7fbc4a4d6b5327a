/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The token bucket: exact to the byte and the nanosecond, without drift or overflow. */
#include "throttle_fixture.h"

#include "throttle/bucket.h"

static void test_burst_then_rate(void **state)
{
	(void)state;
	struct bucket_limit limit = {1000, 5000};
	struct bucket bucket = {0};
	assert_int_equal(bucket_level_bytes(&bucket, &limit, 0), 5000);
	assert_true(bucket_charge(&bucket, &limit, 5000, 0));
	assert_false(bucket_charge(&bucket, &limit, 1, 0));
	assert_false(bucket_charge(&bucket, &limit, 1, SECOND / 1000 - 1));
	assert_true(bucket_charge(&bucket, &limit, 1, SECOND / 1000));
	assert_false(bucket_charge(&bucket, &limit, 1000, SECOND));
	assert_true(bucket_charge(&bucket, &limit, 999, SECOND));
	assert_int_equal(bucket_level_bytes(&bucket, &limit, 100 * SECOND), 5000);
}

static void test_over_takes_nothing(void **state)
{
	(void)state;
	struct bucket_limit limit = {1, 1500};
	struct bucket bucket = {0};
	assert_false(bucket_charge(&bucket, &limit, 1501, 0));
	assert_true(bucket_charge(&bucket, &limit, 1000, 0));
	assert_false(bucket_charge(&bucket, &limit, 501, 0));
	assert_true(bucket_charge(&bucket, &limit, 500, 0));
}

/* Three bytes a second, asked every 333 ns: the billionth of a byte must not be lost. */
static void test_no_drift(void **state)
{
	(void)state;
	struct bucket_limit limit = {3, 10};
	struct bucket bucket = {0};
	uint64_t passed = 0;
	assert_true(bucket_charge(&bucket, &limit, 10, 0));
	uint64_t step = 333, end = 2 * SECOND / 1000 * 1000;
	for (uint64_t t = 0; t <= end; t += step)
		passed += bucket_charge(&bucket, &limit, 1, t);
	assert_int_equal(passed, 5); /* the sixth byte comes at 2 s sharp, between two steps */
	passed += bucket_charge(&bucket, &limit, 1, end);
	assert_int_equal(passed, 6);
}

static void test_largest_values(void **state)
{
	(void)state;
	struct bucket_limit limit = {UINT64_MAX, BUCKET_BURST_MAX_BYTES};
	struct bucket bucket = {0};
	assert_true(bucket_charge(&bucket, &limit, BUCKET_BURST_MAX_BYTES, 0));
	assert_false(bucket_charge(&bucket, &limit, UINT64_MAX, 0));
	assert_true(bucket_charge(&bucket, &limit, BUCKET_BURST_MAX_BYTES, UINT64_MAX));
	struct bucket_limit slow = {1, BUCKET_BURST_MAX_BYTES};
	assert_int_equal(bucket_level_bytes(&bucket, &slow, UINT64_MAX), 0);
}

static void test_time_does_not_go_back(void **state)
{
	(void)state;
	struct bucket_limit limit = {1000, 1000};
	struct bucket bucket = {0};
	assert_true(bucket_charge(&bucket, &limit, 1000, 10 * SECOND));
	assert_false(bucket_charge(&bucket, &limit, 1, 9 * SECOND));
	assert_false(bucket_charge(&bucket, &limit, 1, 10 * SECOND));
	assert_true(bucket_charge(&bucket, &limit, 500, 10 * SECOND + SECOND / 2));
}

static void test_changed_burst(void **state)
{
	(void)state;
	struct bucket_limit large = {1, 1000000}, small = {1, 100};
	struct bucket bucket = {0};
	assert_true(bucket_charge(&bucket, &large, 999950, 0));
	assert_int_equal(bucket_level_bytes(&bucket, &small, 0), 0);
	assert_false(bucket_charge(&bucket, &small, 1, 0));
	assert_true(bucket_charge(&bucket, &small, 100, 100 * SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_rate),
		cmocka_unit_test(test_over_takes_nothing),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_largest_values),
		cmocka_unit_test(test_time_does_not_go_back),
		cmocka_unit_test(test_changed_burst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
