/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written once a second: the journal, new files, failures. */
#include "session_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#define SESSION_BYTES 73 /* of the file, for one session of source and destination */

static void round_until_settled(struct session_writer *writer)
{
	while (session_writer_round(writer))
		usleep(1000);
}

/* What a daemon that ended just now would find. */
static void assert_saved(struct throttle *throttle)
{
	struct throttle *after = reloaded(throttle);
	assert_same(throttle, after);
	throttle_free(after);
}

/* At every moment the file has what was counted up to the last round, base or journal. */
static void test_journal_has_what_a_base_has(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1000, 600);
	spec.max = 700;
	struct throttle *throttle = made("DNS", &spec);
	struct session_writer *writer = writer_new();
	unsigned seed = 11;
	session_writer_set(writer, &throttle, 1);
	for (int round = 0; round < 60; round++) {
		unsigned uses = (unsigned)rand_r(&seed) % 400;
		for (unsigned i = 0; i <= uses; i++)
			charge(throttle, (uint32_t)rand_r(&seed) % 1000, 1);
		round_until_settled(writer);
		assert_saved(throttle);
		pass_seconds(1);
	}
	session_writer_free(writer);
	assert_saved(throttle);
	assert_int_equal(reports, 0);
	throttle_free(throttle);
}

static void test_a_new_file_when_it_has_grown(void **state)
{
	(void)state;
	enum { SESSIONS = 20000 };
	struct throttle_spec spec = window_spec(1000, 600);
	struct throttle *throttle = made("DNS", &spec);
	struct session_writer *writer = writer_new();
	off_t size = 0, limit = SESSION_WRITER_SLACK_BYTES + 3 * SESSIONS * SESSION_BYTES + 100000;
	unsigned replaced = 0;
	session_writer_set(writer, &throttle, 1);
	for (int round = 0; round < 16; round++) {
		for (uint32_t i = 0; i < SESSIONS; i++)
			charge(throttle, i, 1);
		session_writer_round(writer);
		/* Also while the new one is on its way. */
		assert_saved(throttle);
		charge(throttle, (uint32_t)round, 1);
		session_writer_round(writer);
		assert_saved(throttle);
		round_until_settled(writer);
		replaced += file_size("sessions") < size;
		size = file_size("sessions");
		assert_in_range(size, SESSIONS * SESSION_BYTES, limit);
		assert_int_equal(file_size("sessions.new"), -1);
	}
	assert_int_equal(replaced, 2);
	assert_saved(throttle);
	/* Not where nothing changes. */
	session_writer_round(writer);
	assert_int_equal(file_size("sessions"), size);
	session_writer_free(writer);
	throttle_free(throttle);
}

static void test_size(void **state)
{
	(void)state;
	enum { SESSIONS = 50000 };
	struct throttle_spec spec = window_spec(1000, 600);
	struct throttle *throttle = made("DNS", &spec);
	for (uint32_t i = 0; i < SESSIONS; i++)
		charge(throttle, i, 1);
	write_once(throttle);
	assert_in_range(file_size("sessions"), SESSIONS * SESSION_BYTES,
			SESSIONS * (SESSION_BYTES + 1));
	assert_saved(throttle);
	throttle_free(throttle);
}

static void test_throttles_come_and_go(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 600);
	struct throttle *set[2] = {made("DNS", &spec), made("mail", &spec)};
	struct session_writer *writer = writer_new();
	session_writer_set(writer, set, 2);
	charge(set[0], 1, 3);
	charge(set[0], 2, 3);
	charge(set[1], 1, 4);
	round_until_settled(writer);
	session_writer_set(writer, &set[1], 1);
	throttle_free(set[0]);
	charge(set[1], 2, 1);
	round_until_settled(writer);
	/* A new one of that tag: what the old one had is void, though of later uses. */
	set[0] = made("DNS", &spec);
	session_writer_set(writer, set, 2);
	round_until_settled(writer);
	assert_saved(set[0]);
	assert_int_equal(figures_of(set[0]).sessions, 0);
	charge(set[0], 1, 1);
	round_until_settled(writer);
	assert_saved(set[0]);
	assert_saved(set[1]);
	assert_int_equal(figures_of(set[0]).sessions, 1);
	assert_int_equal(figures_of(set[1]).sessions, 2);
	session_writer_set(writer, NULL, 0);
	throttle_free(set[0]);
	throttle_free(set[1]);
	session_writer_free(writer);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit = {bytes, RLIM_INFINITY};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk is full in the middle of a block, and stays so for long. */
static void test_disk_full(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1000, 600);
	struct throttle *throttle = made("DNS", &spec);
	struct session_writer *writer = writer_new();
	session_writer_set(writer, &throttle, 1);
	for (uint32_t i = 0; i < 3000; i++)
		charge(throttle, i, 1);
	round_until_settled(writer);
	off_t size = file_size("sessions");
	limit_files((rlim_t)size + 100);
	for (uint32_t i = 2000; i < 5000; i++)
		charge(throttle, i, 1);
	for (int round = 0; round < 10; round++) {
		round_until_settled(writer);
		assert_int_equal(reports, 1);
		assert_int_equal(file_size("sessions.new"), -1);
		/* What is there stays sound. */
		assert_int_equal(file_size("sessions"), size);
		throttle_free(reloaded(throttle));
	}
	limit_files(RLIM_INFINITY);
	for (int round = 0; round < SESSION_WRITER_PAUSE_MAX; round++)
		round_until_settled(writer);
	assert_saved(throttle);
	charge(throttle, 9999, 1);
	round_until_settled(writer);
	assert_saved(throttle);
	assert_int_equal(reports, 1);
	assert_int_equal(recovered, 1);
	session_writer_free(writer);
	throttle_free(throttle);
}

static void test_no_directory(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1000, 600);
	struct throttle *throttle = made("DNS", &spec);
	char *blocked = xasprintf("%s/sessions.damaged/deep", directory);
	struct session_writer_options options = {blocked, now, fake_clock, count_report, NULL};
	/* A file is where a folder should be. */
	close(open(in_directory("sessions.damaged"), O_WRONLY | O_CREAT, 0600));
	struct session_writer *writer = session_writer_new(&options);
	session_writer_set(writer, &throttle, 1);
	charge(throttle, 1, 1);
	session_writer_round(writer);
	session_writer_round(writer);
	assert_int_equal(reports, 1);
	session_writer_free(writer);
	assert_int_equal(reports, 1);
	free(blocked);
	throttle_free(throttle);
}

static void test_somebody_removes_the_file(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1000, 600);
	struct throttle *throttle = made("DNS", &spec);
	struct session_writer *writer = writer_new();
	session_writer_set(writer, &throttle, 1);
	charge(throttle, 1, 1);
	round_until_settled(writer);
	unlink(in_directory("sessions"));
	charge(throttle, 2, 1);
	round_until_settled(writer);
	assert_saved(throttle);
	session_writer_free(writer);
	throttle_free(throttle);
}

/* The half of it that is left over is in nobody's way. */
static void test_crash_while_a_new_file_is_made(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1000, 600);
	struct throttle *throttle = made("DNS", &spec);
	charge(throttle, 1, 3);
	write_once(throttle);
	int fd = open(in_directory("sessions.new"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "half a base", 11), 11);
	close(fd);
	assert_saved(throttle);
	charge(throttle, 2, 1);
	write_once(throttle);
	assert_saved(throttle);
	throttle_free(throttle);
}

#define TEST(name) cmocka_unit_test_setup(name, clear_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_journal_has_what_a_base_has),
		TEST(test_a_new_file_when_it_has_grown),
		TEST(test_size),
		TEST(test_throttles_come_and_go),
		TEST(test_disk_full),
		TEST(test_no_directory),
		TEST(test_somebody_removes_the_file),
		TEST(test_crash_while_a_new_file_is_made),
	};
	return cmocka_run_group_tests(tests, make_directory_for_all, remove_directory);
}
