/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that writes once a second, with the kernel's clocks; and a daemon that is killed. */
#include "session_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

struct charger {
	struct throttle *throttle;
	unsigned seed;
	atomic_bool *is_ending;
};

static void *charge_all_the_time(void *argument)
{
	struct charger *charger = argument;
	struct flow flow;
	while (!atomic_load(charger->is_ending)) {
		struct session_time time;
		session_time_update(&time);
		flow_numbered(&flow, (uint32_t)rand_r(&charger->seed) % 30000);
		throttle_charge(charger->throttle, &flow.facts, 1, 100, time.monotonic_ns);
	}
	return NULL;
}

/* The thread itself, with the kernel's clocks, while others charge and throttles change. */
static void test_thread(void **state)
{
	(void)state;
	enum { THREADS = 2 };
	struct throttle_spec spec = window_spec(1000, 600);
	struct throttle *set[2] = {made("DNS", &spec), made("mail", &spec)};
	struct charger chargers[THREADS];
	pthread_t threads[THREADS];
	atomic_bool is_ending = false;
	struct session_file *file;
	spec.max = 20000;
	assert_int_equal(throttle_change(set[0], &spec), 0);
	assert_int_equal(session_file_start(directory, count_report, NULL, &file), 0);
	session_file_set_throttles(file, set, 2);
	for (unsigned i = 0; i < THREADS; i++) {
		chargers[i] = (struct charger){set[0], i + 1, &is_ending};
		assert_int_equal(
			pthread_create(&threads[i], NULL, charge_all_the_time, &chargers[i]), 0);
	}
	for (int i = 0; i < 250; i++) {
		session_file_set_throttles(file, set, 1 + (i & 1));
		if (i % 2 == 0) {
			throttle_free(set[1]);
			set[1] = made("mail", &spec);
		}
		assert_int_equal(throttle_change(set[0], &spec), 0);
		usleep(10000);
	}
	atomic_store(&is_ending, true);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	/* Where both made the same session at once, the room that one of them had made for it is
	 * free, and the file has the session that was evicted for it: a new one takes its place. */
	session_time_now(&now);
	charge(set[0], 30000, 1);
	session_file_stop(file);
	assert_int_equal(file_size("sessions.new"), -1);
	struct throttle *after = reloaded(set[0]);
	assert_int_equal(figures_of(after).sessions, figures_of(set[0]).sessions);
	struct listing x = listing_of(set[0]), y = listing_of(after);
	assert_int_equal(x.count, y.count);
	for (size_t i = 0; i < x.count; i++) {
		assert_memory_equal(&x.items[i].key, &y.items[i].key, sizeof(x.items[i].key));
		assert_int_equal(x.items[i].passed, y.items[i].passed);
		assert_int_equal(x.items[i].window_passed, y.items[i].window_passed);
	}
	assert_int_equal(figures_of(after).passed, figures_of(set[0]).passed);
	free(x.items);
	free(y.items);
	throttle_free(after);
	throttle_free(set[0]);
	throttle_free(set[1]);
	session_file_stop(NULL);
}

/* A daemon that charges all the time, until it is killed. */
static void be_a_daemon(_Atomic uint32_t *charged)
{
	struct throttle_spec spec = window_spec(1000000, 600);
	struct throttle *throttle = made("DNS", &spec);
	struct session_file *file;
	if (session_file_start(directory, count_report, NULL, &file))
		_exit(1);
	session_file_set_throttles(file, &throttle, 1);
	for (uint32_t i = 0;; i++) {
		session_time_now(&now);
		charge(throttle, i % 100, 1);
		atomic_store(charged, i + 1);
		usleep(200);
	}
}

static bool was_written_since(const struct stat *then, struct stat *ret_now)
{
	return !stat(in_directory("sessions"), ret_now) &&
	       (ret_now->st_ino != then->st_ino || ret_now->st_size != then->st_size);
}

/* Until the file has been written `times` times, from now on. */
static void await_writes(unsigned times)
{
	struct stat last = {0}, next;
	stat(in_directory("sessions"), &last);
	for (unsigned polls = 0; times; usleep(1000), polls++) {
		assert_true(polls < 60000);
		if (was_written_since(&last, &next)) {
			last = next;
			times--;
		}
	}
}

/* The round that is under way when it is killed is lost, and none before. */
static void test_a_crash_loses_one_round_at_most(void **state)
{
	(void)state;
	_Atomic uint32_t *charged = mmap(NULL, sizeof(*charged), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct throttle_spec spec = window_spec(1000000, 600);
	struct throttle *throttle = made("DNS", &spec);
	assert_true(charged != MAP_FAILED);
	pid_t child = fork();
	if (child == 0)
		be_a_daemon(charged);
	await_writes(1);
	uint32_t before = atomic_load(charged);
	/* The first of these may have begun earlier. */
	await_writes(2);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	session_time_now(&now);
	assert_int_equal(load(throttle, NULL), 0);
	assert_true(before > 0);
	/* The last charge may not have been told. */
	assert_in_range(figures_of(throttle).passed, before, atomic_load(charged) + 1);
	throttle_free(throttle);
	munmap((void *)charged, sizeof(*charged));
}

#define TEST(name) cmocka_unit_test_setup(name, clear_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_thread),
		TEST(test_a_crash_loses_one_round_at_most),
	};
	return cmocka_run_group_tests(tests, make_directory_for_all, remove_directory);
}
