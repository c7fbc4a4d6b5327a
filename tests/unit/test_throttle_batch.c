/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A throttle charged in batches by tickets, as workers do, and shared by reference. */
#include "throttle_fixture.h"

#include <pthread.h>

#include "throttle/throttle.h"

#define THREADS 4
#define BATCH 64u

/* Large enough an index from the start on that tickets are really fetched. */
static struct throttle *made(uint32_t packets, uint32_t max, uint32_t buckets)
{
	struct throttle_spec spec = {
		.kind = THROTTLE_WINDOW,
		.window = {packets, 10 * SECOND},
		.session = {SESSION_DEFAULT, 0},
		.max = max,
		.buckets = buckets,
		.expire_ns = 20 * SECOND,
	};
	struct throttle *throttle;
	assert_int_equal(throttle_new("batch", 1, &spec, &throttle), 0);
	return throttle;
}

static struct throttle_figures figures_of(struct throttle *throttle)
{
	struct throttle_figures figures;
	throttle_figures(throttle, &figures);
	return figures;
}

static void make_ticket(struct throttle *throttle, uint32_t flow_number,
			struct throttle_ticket *ret_ticket)
{
	struct flow flow;
	flow_numbered(&flow, flow_number);
	throttle_ticket_make(throttle, &flow.facts, ret_ticket);
}

/* Two throttles with tickets in one array give the verdicts of two that are charged directly. */
static void test_tickets_are_charges(void **state)
{
	(void)state;
	enum { FLOWS = 30000, MAX = 20000, BATCHES = 3000 };
	struct throttle *batched[2] = {made(2, MAX, 1u << 16), made(3, MAX, 0)};
	struct throttle *single[2] = {made(2, MAX, 0), made(3, MAX, 1u << 16)};
	struct throttle_ticket tickets[BATCH];
	struct flow flows[BATCH];
	unsigned seed = 11;
	for (uint64_t batch = 0; batch < BATCHES; batch++) {
		uint64_t now_ns = batch * SECOND / 100;
		for (unsigned i = 0; i < BATCH; i++) {
			flow_numbered(&flows[i], (uint32_t)rand_r(&seed) % FLOWS);
			throttle_ticket_make(batched[i & 1], &flows[i].facts, &tickets[i]);
		}
		throttle_tickets_fetch(tickets, BATCH);
		for (unsigned i = 0; i < BATCH; i++)
			assert_int_equal(
				throttle_ticket_charge(&tickets[i], 1, 100, now_ns),
				throttle_charge(single[i & 1], &flows[i].facts, 1, 100, now_ns));
	}
	for (int i = 0; i < 2; i++) {
		struct throttle_figures a = figures_of(batched[i]), b = figures_of(single[i]);
		assert_int_equal(a.sessions, b.sessions);
		assert_int_equal(a.passed, b.passed);
		assert_int_equal(a.over, b.over);
		assert_int_equal(a.evicted, b.evicted);
		assert_true(a.passed > 0 && a.over > 0 && a.evicted > 0);
		throttle_free(batched[i]);
		throttle_free(single[i]);
	}
}

/* What was fetched is gone by the time of the charge: evicted, expired, in another bucket. */
static void test_tickets_may_be_out_of_date(void **state)
{
	(void)state;
	struct throttle *throttle = made(1, 100000, 1u << 14);
	struct throttle_ticket tickets[BATCH], other;
	for (uint32_t i = 0; i < BATCH; i++) {
		make_ticket(throttle, i, &tickets[i]);
		assert_true(throttle_ticket_charge(&tickets[i], 1, 100, 0));
	}
	throttle_tickets_fetch(tickets, BATCH);
	for (uint32_t i = 1000; i < 100000; i++) {
		make_ticket(throttle, i, &other);
		assert_true(throttle_ticket_charge(&other, 1, 100, SECOND));
	}
	for (uint32_t i = 0; i < BATCH; i++)
		assert_false(throttle_ticket_charge(&tickets[i], 1, 100, SECOND));
	throttle_tickets_fetch(tickets, BATCH);
	for (uint32_t i = 0; i < 100000; i++) {
		make_ticket(throttle, 200000 + i, &other);
		throttle_ticket_charge(&other, 1, 100, SECOND);
	}
	for (uint32_t i = 0; i < BATCH; i++)
		assert_true(throttle_ticket_charge(&tickets[i], 1, 100, SECOND));
	throttle_tickets_fetch(tickets, BATCH);
	assert_int_equal(throttle_tidy(throttle, 21 * SECOND, 200000), 100000);
	for (uint32_t i = 0; i < BATCH; i++)
		assert_true(throttle_ticket_charge(&tickets[i], 1, 100, 21 * SECOND));
	assert_int_equal(figures_of(throttle).sessions, BATCH);
	throttle_free(throttle);
}

struct worker {
	struct throttle *throttle;
	uint32_t flows;
	uint32_t charges;
	uint64_t now_ns; /* a little its own */
	uint64_t passed;
};

/* All workers charge all flows in turn. */
static void *work(void *argument)
{
	struct worker *worker = argument;
	struct throttle_ticket tickets[BATCH];
	for (uint32_t done = 0; done < worker->charges; done += BATCH) {
		for (uint32_t i = 0; i < BATCH; i++)
			make_ticket(worker->throttle, (done + i) % worker->flows, &tickets[i]);
		throttle_tickets_fetch(tickets, BATCH);
		for (uint32_t i = 0; i < BATCH; i++)
			worker->passed +=
				throttle_ticket_charge(&tickets[i], 1, 100, worker->now_ns);
	}
	return NULL;
}

static uint64_t passed_by_threads(struct throttle *throttle, uint32_t flows, uint32_t charges)
{
	pthread_t threads[THREADS];
	struct worker workers[THREADS];
	uint64_t passed = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){throttle, flows, charges, SECOND + i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	/* The control thread's work beside them. */
	for (int i = 0; i < 100; i++)
		throttle_tidy(throttle, SECOND, 10);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		passed += workers[i].passed;
	}
	assert_int_equal(figures_of(throttle).passed, passed);
	assert_int_equal(figures_of(throttle).passed + figures_of(throttle).over,
			 (uint64_t)THREADS * charges);
	return passed;
}

static void test_four_workers_let_n_pass(void **state)
{
	(void)state;
	enum { FLOWS = 64 * 400 };
	struct throttle *throttle = made(1000, 1000, 1u << 16);
	assert_int_equal(passed_by_threads(throttle, 1, BATCH * 100), 1000);
	throttle_free(throttle);
	/* The index grows all the time. */
	throttle = made(3, FLOWS, 0);
	assert_int_equal(passed_by_threads(throttle, FLOWS, 2 * FLOWS), 3 * FLOWS);
	assert_int_equal(figures_of(throttle).sessions, FLOWS);
	assert_int_equal(figures_of(throttle).evicted, 0);
	throttle_free(throttle);
}

/* Slots change hands while others fetch them: nothing is counted twice, lost or read torn. */
static void test_four_workers_evict(void **state)
{
	(void)state;
	struct throttle *throttle = made(1, 500, 1u << 16);
	passed_by_threads(throttle, 1000, BATCH * 300);
	struct throttle_figures figures = figures_of(throttle);
	assert_true(figures.evicted > 1000);
	assert_in_range(figures.sessions, 500 - THREADS, 500);
	throttle_free(throttle);
}

static void test_references(void **state)
{
	(void)state;
	struct throttle *throttle = made(1, 10, 0);
	struct throttle_ticket ticket;
	assert_ptr_equal(throttle_ref(throttle), throttle);
	throttle_ref(throttle);
	throttle_free(throttle);
	make_ticket(throttle, 1, &ticket);
	assert_true(throttle_ticket_charge(&ticket, 1, 100, 0));
	throttle_free(throttle);
	assert_false(throttle_ticket_charge(&ticket, 1, 100, 0));
	throttle_free(throttle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tickets_are_charges),
		cmocka_unit_test(test_tickets_may_be_out_of_date),
		cmocka_unit_test(test_four_workers_let_n_pass),
		cmocka_unit_test(test_four_workers_evict),
		cmocka_unit_test(test_references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
