/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of sessions: what was counted comes back, with the time that has passed, and damage. */
#include "session_fixture.h"

#include <errno.h>

static void test_windows_come_back(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *before = made("DNS", &spec);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(charge(before, i, i == 3 ? 9 : 3), i == 3 ? 5 : 3);
	pass_seconds(2);
	assert_int_equal(charge(before, 0, 1), 1);
	write_once(before);
	/* The wall clock goes back, but this is the same boot. */
	set_time(1004, 1600000000, "a");
	struct throttle *after = reloaded(before);
	assert_same(before, after);
	assert_int_equal(figures_of(after).passed, 63);
	assert_int_equal(figures_of(after).over, 4);
	assert_int_equal(charge(after, 0, 9), 1);
	assert_int_equal(charge(after, 3, 9), 0);
	pass_seconds(6);
	assert_int_equal(charge(after, 3, 9), 5);
	throttle_free(before);
	throttle_free(after);
}

static void test_buckets_come_back(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1, 1);
	spec.kind = THROTTLE_BUCKET;
	struct throttle *before = made("mail", &spec);
	assert_int_equal(charge(before, 1, 20), 10);
	pass_seconds(2);
	write_once(before);
	pass_seconds(1);
	struct throttle *after = reloaded(before);
	assert_same(before, after);
	assert_int_equal(charge(after, 1, 20), 3);
	throttle_free(before);
	throttle_free(after);
}

static void test_another_boot(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *before = made("DNS", &spec);
	struct session_writer *writer = writer_new();
	session_writer_set(writer, &before, 1);
	charge(before, 1, 5);
	session_writer_round(writer);
	/* A step of the wall clock while the daemon runs counts for nothing. */
	set_time(1003, 1700000000 + 3600, "a");
	charge(before, 2, 4);
	session_writer_free(writer);
	set_time(20, 1700000000 + 3600 + 2, "b");
	struct throttle *after = reloaded(before);
	assert_int_equal(charge(after, 2, 9), 1);
	pass_seconds(4);
	assert_int_equal(charge(after, 1, 9), 0);
	pass_seconds(1);
	assert_int_equal(charge(after, 1, 9), 5);
	throttle_free(after);
	/* A wall clock behind that of the file: no time has passed. */
	set_time(20, 1600000000, "b");
	after = reloaded(before);
	pass_seconds(6);
	assert_int_equal(charge(after, 1, 9), 0);
	pass_seconds(1);
	assert_int_equal(charge(after, 1, 9), 5);
	throttle_free(after);
	/* A boot that is not known is not the same one. */
	memset(now.boot, 0, BOOT_ID_SIZE);
	after = reloaded(before);
	throttle_free(after);
	throttle_free(before);
}

static void test_expired_ones_are_dropped(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *before = made("DNS", &spec);
	charge(before, 1, 5);
	pass_seconds(10);
	charge(before, 2, 5);
	write_once(before);
	pass_seconds(3590);
	struct throttle *after = reloaded(before);
	assert_int_equal(figures_of(after).sessions, 1);
	throttle_free(before);
	throttle_free(after);
}

static void test_fewer_than_before(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *before = made("DNS", &spec);
	for (uint32_t i = 0; i < 5000; i++)
		charge(before, i, 4);
	for (uint32_t i = 0; i < 10; i++)
		charge(before, i, 1);
	write_once(before);
	spec.max = 20;
	struct throttle *after = made("DNS", &spec);
	assert_int_equal(load(after, NULL), 0);
	assert_int_equal(figures_of(after).sessions, 20);
	assert_int_equal(figures_of(after).evicted, 0);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(charge(after, i, 9), 0);
	for (uint32_t i = 4990; i < 5000; i++)
		assert_int_equal(charge(after, i, 9), 1);
	throttle_free(before);
	throttle_free(after);
}

static void test_what_does_not_fit_is_dropped(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *before = made("DNS", &spec);
	charge(before, 1, 5);
	write_once(before);
	struct throttle_spec others[4] = {spec, spec, spec, spec};
	others[0].kind = THROTTLE_BUCKET;
	others[1].session.fields = SESSION_BIT(SESSION_SADDR);
	others[2].session.mask = 0xffff0000;
	for (int i = 0; i < 4; i++) {
		struct throttle *after = made(i < 3 ? "DNS" : "DN", &others[i]);
		assert_int_equal(load(after, NULL), 0);
		assert_int_equal(figures_of(after).sessions, 0);
		assert_int_equal(figures_of(after).passed, 0);
		throttle_free(after);
	}
	throttle_free(before);
}

/* Life after life goes on with one file; what is written last is what counts. */
static void test_many_lives(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(1000, 600);
	spec.max = 300;
	struct throttle *throttle = made("DNS", &spec);
	unsigned seed = 5;
	off_t size = 0;
	for (int life = 0; life < 30; life++) {
		for (int i = 0; i < 100; i++)
			charge(throttle, (uint32_t)rand_r(&seed) % 500, 1);
		pass_seconds(1);
		write_once(throttle);
		assert_true(file_size("sessions") > size);
		size = file_size("sessions");
		pass_seconds(1);
		struct throttle *after = reloaded(throttle);
		assert_same(throttle, after);
		throttle_free(throttle);
		throttle = after;
	}
	write_once(throttle);
	assert_int_equal(file_size("sessions"), size);
	throttle_free(throttle);
}

static uint8_t *read_bytes(const char *name, size_t *ret_size)
{
	*ret_size = (size_t)file_size(name);
	uint8_t *bytes = xcalloc(*ret_size + 1, 1);
	int fd = open(in_directory(name), O_RDONLY);
	assert_int_equal(read(fd, bytes, *ret_size), *ret_size);
	close(fd);
	return bytes;
}

static void write_bytes(const uint8_t *bytes, size_t size)
{
	int fd = open(in_directory("sessions"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* A file of two blocks: session 1 with 3 used, then 2 with 4. Returns where the second begins. */
static size_t make_two_blocks(struct throttle *throttle)
{
	charge(throttle, 1, 3);
	write_once(throttle);
	size_t first = (size_t)file_size("sessions");
	charge(throttle, 2, 4);
	write_once(throttle);
	return first;
}

static void test_a_block_cut_short(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *before = made("DNS", &spec);
	size_t first = make_two_blocks(before), size;
	uint8_t *bytes = read_bytes("sessions", &size);
	for (size_t length = first; length < size; length++) {
		write_bytes(bytes, length);
		struct throttle *after = reloaded(before);
		assert_int_equal(file_size("sessions"), first);
		assert_int_equal(figures_of(after).sessions, 1);
		/* And the next daemon goes on behind it. */
		charge(after, 7, 2);
		write_once(after);
		struct throttle *again = reloaded(after);
		assert_same(after, again);
		throttle_free(after);
		throttle_free(again);
	}
	/* Room that was never filled, as a power cut leaves it: behind the head, and all of it. */
	memset(bytes + first + SESSION_BLOCK_HEAD_SIZE, 0, size - first - SESSION_BLOCK_HEAD_SIZE);
	write_bytes(bytes, size);
	throttle_free(reloaded(before));
	memset(bytes + first, 0, size - first);
	write_bytes(bytes, size);
	throttle_free(reloaded(before));
	assert_int_equal(file_size("sessions.damaged"), -1);
	throttle_free(before);
	free(bytes);
}

static void test_damage(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *before = made("DNS", &spec);
	size_t first = make_two_blocks(before), size;
	uint8_t *bytes = read_bytes("sessions", &size);
	for (size_t i = 0; i < size; i++) {
		/* What stands behind the version in the header says nothing. */
		if (i >= 12 && i < SESSION_FILE_HEADER_SIZE)
			continue;
		bytes[i] ^= 0x10;
		write_bytes(bytes, size);
		bytes[i] ^= 0x10;
		struct throttle *after = made("DNS", &spec);
		char *message;
		bool is_version = i >= 8 && i < 12;
		assert_int_equal(load(after, &message), is_version ? -EPROTONOSUPPORT : -EBADMSG);
		assert_non_null(strstr(message, is_version ? "version" : "damaged"));
		assert_int_equal(figures_of(after).sessions, i >= first);
		assert_int_equal(file_size("sessions"), -1);
		assert_int_equal(file_size("sessions.damaged"), size);
		/* What was saved of it is in the next file, though it has not changed. */
		write_once(after);
		struct throttle *again = reloaded(after);
		assert_same(after, again);
		throttle_free(after);
		throttle_free(again);
		free(message);
	}
	throttle_free(before);
	free(bytes);
}

static void test_the_message(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *throttle = made("DNS", &spec);
	char *message, *expected;
	write_bytes((const uint8_t *)"nfsess\r\0\7\0\0\0\0\0\0", 16);
	assert_int_equal(load(throttle, &message), -EPROTONOSUPPORT);
	expected = xasprintf("%s/sessions is of version 7, which is not known: throttles begin "
			     "anew; it is kept as %s/sessions.damaged",
			     directory, directory);
	assert_string_equal(message, expected);
	free(message);
	free(expected);
	write_bytes((const uint8_t *)"", 0);
	assert_int_equal(load(throttle, &message), -EBADMSG);
	free(message);
	throttle_free(throttle);
}

static void test_nothing_is_written_for_nothing(void **state)
{
	(void)state;
	struct throttle_spec spec = window_spec(5, 10);
	struct throttle *throttle = made("DNS", &spec);
	assert_int_equal(load(throttle, NULL), 0);
	write_once(throttle);
	struct session_writer *writer = writer_new();
	session_writer_set(writer, NULL, 0);
	session_writer_free(writer);
	assert_int_equal(file_size("sessions"), -1);
	assert_int_equal(file_size("sessions.new"), -1);
	throttle_free(throttle);
}

#define TEST(name) cmocka_unit_test_setup(name, clear_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_windows_come_back),
		TEST(test_buckets_come_back),
		TEST(test_another_boot),
		TEST(test_expired_ones_are_dropped),
		TEST(test_fewer_than_before),
		TEST(test_what_does_not_fit_is_dropped),
		TEST(test_many_lives),
		TEST(test_a_block_cut_short),
		TEST(test_damage),
		TEST(test_the_message),
		TEST(test_nothing_is_written_for_nothing),
	};
	return cmocka_run_group_tests(tests, make_directory_for_all, remove_directory);
}
