/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A throttle as the packet path and the control thread use it. */
#include "throttle_fixture.h"

#include <pthread.h>

#include "throttle/throttle.h"

#define THREADS 4

static struct throttle_spec window_spec(uint32_t packets, uint64_t seconds)
{
	return (struct throttle_spec){
		.kind = THROTTLE_WINDOW,
		.window = {packets, seconds * SECOND},
		.session = {SESSION_DEFAULT, 0},
		.max = THROTTLE_MAX_DEFAULT,
		.expire_ns = THROTTLE_EXPIRE_DEFAULT_NS,
	};
}

static struct throttle_spec bucket_spec(uint64_t rate_bytes_per_s, uint64_t burst_bytes)
{
	struct throttle_spec spec = window_spec(1, 1);
	spec.kind = THROTTLE_BUCKET;
	spec.bucket = (struct bucket_limit){rate_bytes_per_s, burst_bytes};
	return spec;
}

static struct throttle *made(const struct throttle_spec *spec)
{
	struct throttle *throttle;
	assert_int_equal(throttle_new("DNS-throttle", 7, spec, &throttle), 0);
	return throttle;
}

static unsigned pass_count(struct throttle *throttle, uint32_t flow_number, unsigned tries,
			   uint64_t now_ns)
{
	struct flow flow;
	unsigned count = 0;
	flow_numbered(&flow, flow_number);
	for (unsigned i = 0; i < tries; i++)
		count += throttle_charge(throttle, &flow.facts, 1, 100, now_ns);
	return count;
}

static struct throttle_figures figures_of(struct throttle *throttle)
{
	struct throttle_figures figures;
	throttle_figures(throttle, &figures);
	return figures;
}

static void test_values_out_of_range(void **state)
{
	(void)state;
	struct throttle *throttle;
	struct throttle_spec specs[] = {
		window_spec(0, 1), window_spec(1, 0), window_spec(1, 3601),
		bucket_spec(0, 1), bucket_spec(1, 0), bucket_spec(1, BUCKET_BURST_MAX_BYTES + 1),
	};
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		assert_true(throttle_new("x", 1, &specs[i], &throttle) < 0);
	struct throttle_spec none = window_spec(1, 1);
	none.max = 0;
	assert_true(throttle_new("x", 1, &none, &throttle) < 0);
	throttle_free(NULL);
}

static void test_figures(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 1);
	spec.max = 2;
	struct throttle *throttle = made(&spec);
	assert_string_equal(throttle_tag(throttle), "DNS-throttle");
	assert_int_equal(throttle_serial(throttle), 7);
	assert_int_equal(throttle_spec(throttle)->window.packets, 5);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(pass_count(throttle, i, 8, 0), 5);
	struct throttle_figures figures = figures_of(throttle);
	assert_int_equal(figures.sessions, 2);
	assert_int_equal(figures.max, 2);
	assert_int_equal(figures.passed, 15);
	assert_int_equal(figures.over, 9);
	assert_int_equal(figures.evicted, 1);
	throttle_free(throttle);
}

static void test_segments(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(10, 1);
	struct throttle *throttle = made(&spec);
	struct flow flow;
	flow_numbered(&flow, 1);
	assert_true(throttle_charge(throttle, &flow.facts, 8, 12000, 0));
	assert_false(throttle_charge(throttle, &flow.facts, 3, 4500, 0));
	assert_true(throttle_charge(throttle, &flow.facts, 2, 3000, 0));
	assert_int_equal(figures_of(throttle).over, 3);
	spec.count = THROTTLE_CONNECTIONS;
	assert_int_equal(throttle_change(throttle, &spec), 0);
	for (int i = 0; i < 10; i++)
		assert_true(throttle_charge(throttle, &flow.facts, 40, 60000, SECOND));
	assert_false(throttle_charge(throttle, &flow.facts, 40, 60000, SECOND));
	throttle_free(throttle);
}

/* Two workers whose batches' times take turns: the only session of all fills once in that time. */
static void test_an_older_batch_refills_nothing(void **state)
{
	(void)state;
	struct throttle_spec spec = bucket_spec(100, 1000);
	spec.session.fields = SESSION_NONE;
	struct throttle *throttle = made(&spec);
	assert_int_equal(pass_count(throttle, 1, 20, 10 * SECOND), 10);
	unsigned passed = 0;
	for (int i = 0; i < 100; i++) {
		passed += pass_count(throttle, 1, 1, 9 * SECOND);
		passed += pass_count(throttle, 1, 1, 11 * SECOND);
	}
	assert_int_equal(passed, 1);
	throttle_free(throttle);
}

static void test_change_keeps_sessions(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *throttle = made(&spec);
	assert_int_equal(pass_count(throttle, 1, 9, 0), 5);
	spec.window.packets = 8;
	assert_int_equal(throttle_change(throttle, &spec), 0);
	assert_int_equal(pass_count(throttle, 1, 9, SECOND), 3);
	spec.window.span_ns = 2 * SECOND;
	assert_int_equal(throttle_change(throttle, &spec), 0);
	assert_int_equal(pass_count(throttle, 1, 9, 2 * SECOND), 8);
	struct throttle_spec other = spec;
	other.session.fields = SESSION_NONE;
	assert_true(throttle_change(throttle, &other) < 0);
	other = bucket_spec(1, 1);
	assert_true(throttle_change(throttle, &other) < 0);
	other = window_spec(0, 1);
	assert_true(throttle_change(throttle, &other) < 0);
	assert_int_equal(throttle_spec(throttle)->window.packets, 8);
	throttle_free(throttle);
}

struct saved {
	struct throttle_session sessions[100];
	size_t count;
};

static void save(const struct throttle_session *session, void *context)
{
	struct saved *saved = context;
	assert_in_range(saved->count, 0, 99);
	saved->sessions[saved->count++] = *session;
}

static int compare_order(const void *a, const void *b)
{
	const struct throttle_session *x = a, *y = b;
	return (x->order > y->order) - (x->order < y->order);
}

/* As a restart does it; the clock begins anew, so that sessions are older than its zero. */
static struct throttle *moved(struct throttle *throttle, uint64_t then_ns, uint64_t now_ns)
{
	static struct saved saved;
	uint32_t cursor = 0;
	saved.count = 0;
	while (throttle_export(throttle, &cursor, 7, then_ns, save, &saved)) {
	}
	qsort(saved.sessions, saved.count, sizeof(saved.sessions[0]), compare_order);
	struct throttle *other = made(throttle_spec(throttle));
	for (size_t i = 0; i < saved.count; i++)
		throttle_import(other, &saved.sessions[i], now_ns);
	throttle_free(throttle);
	return other;
}

static void test_export_and_import_of_windows(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	spec.max = 20;
	struct throttle *throttle = made(&spec);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(pass_count(throttle, i, 3, 1000 * SECOND), 3);
	assert_int_equal(pass_count(throttle, 0, 1, 1003 * SECOND), 1);
	throttle = moved(throttle, 1004 * SECOND, SECOND);
	assert_int_equal(figures_of(throttle).sessions, 20);
	assert_int_equal(pass_count(throttle, 0, 9, SECOND), 1);
	assert_int_equal(pass_count(throttle, 2, 9, 2 * SECOND), 2);
	assert_int_equal(pass_count(throttle, 0, 9, 7 * SECOND - 1), 0);
	/* The order of use has come along: number 1 is the one to go, then 3. */
	assert_int_equal(pass_count(throttle, 50, 1, 7 * SECOND - 1), 1);
	assert_int_equal(pass_count(throttle, 4, 9, 7 * SECOND - 1), 2);
	assert_int_equal(pass_count(throttle, 1, 9, 7 * SECOND - 1), 5);
	assert_int_equal(pass_count(throttle, 0, 9, 7 * SECOND), 5);
	throttle_free(throttle);
}

static void test_export_and_import_of_buckets(void **state)
{
	(void)state;
	struct throttle_spec spec = bucket_spec(100, 1000);
	struct throttle *throttle = made(&spec);
	assert_int_equal(pass_count(throttle, 1, 20, 1000 * SECOND), 10);
	throttle = moved(throttle, 1002 * SECOND, 0);
	assert_int_equal(pass_count(throttle, 1, 20, 0), 2);
	assert_int_equal(pass_count(throttle, 1, 20, 3 * SECOND), 3);
	throttle_free(throttle);
}

static void test_export_tells_what_sessions_show(void **state)
{
	(void)state;
	static struct saved saved;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *throttle = made(&spec);
	uint32_t cursor = 0;
	pass_count(throttle, 1, 7, 100 * SECOND);
	pass_count(throttle, 1, 1, 104 * SECOND);
	assert_false(throttle_export(throttle, &cursor, 100, 106 * SECOND, save, &saved));
	assert_int_equal(saved.count, 1);
	const struct throttle_session *session = &saved.sessions[0];
	assert_int_equal(session->passed, 5);
	assert_int_equal(session->over, 3);
	assert_int_equal(session->window_passed, 5);
	assert_int_equal(session->window_left_ns, 4 * SECOND);
	assert_int_equal(session->used_ago_ns, 2 * SECOND);
	assert_int_equal(session->created_ago_s, 6);
	struct value value;
	session_key_get(&spec.session, &session->key, SESSION_DADDR, &value);
	char text[ADDR_TEXT_MAX];
	assert_string_equal(addr_text(&value.addr, text), "192.0.2.1");
	/* Expired sessions are not shown, even before they are cleared away. */
	cursor = 0;
	saved.count = 0;
	throttle_export(throttle, &cursor, 100, 104 * SECOND + spec.expire_ns, save, &saved);
	assert_int_equal(saved.count, 0);
	assert_int_equal(throttle_tidy(throttle, 104 * SECOND + spec.expire_ns, 10), 1);
	throttle_free(throttle);
}

struct worker {
	struct throttle *throttle;
	uint32_t flows;
	unsigned rounds;
	uint64_t passed;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	for (unsigned round = 0; round < worker->rounds; round++) {
		for (uint32_t i = 0; i < worker->flows; i++)
			worker->passed += pass_count(worker->throttle, i, 1, SECOND);
	}
	return NULL;
}

static uint64_t passed_by_threads(struct throttle *throttle, uint32_t flows, unsigned rounds)
{
	pthread_t threads[THREADS];
	struct worker workers[THREADS];
	uint64_t passed = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){throttle, flows, rounds, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	/* A change of limits beside them, to what they are, must not disturb. */
	struct throttle_spec same = *throttle_spec(throttle);
	assert_int_equal(throttle_change(throttle, &same), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		passed += workers[i].passed;
	}
	return passed;
}

static void test_four_workers_let_n_pass(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1000, 10);
	struct throttle *throttle = made(&spec);
	assert_int_equal(passed_by_threads(throttle, 1, 2000), 1000);
	throttle_free(throttle);
	spec = window_spec(3, 10);
	throttle = made(&spec);
	assert_int_equal(passed_by_threads(throttle, 5000, 2), 3 * 5000);
	assert_int_equal(figures_of(throttle).over, 5 * 5000);
	throttle_free(throttle);
	spec = bucket_spec(1, 100 * 500);
	throttle = made(&spec);
	assert_int_equal(passed_by_threads(throttle, 1, 1000), 500);
	throttle_free(throttle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_out_of_range),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_an_older_batch_refills_nothing),
		cmocka_unit_test(test_change_keeps_sessions),
		cmocka_unit_test(test_export_and_import_of_windows),
		cmocka_unit_test(test_export_and_import_of_buckets),
		cmocka_unit_test(test_export_tells_what_sessions_show),
		cmocka_unit_test(test_four_workers_let_n_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
