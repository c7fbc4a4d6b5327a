/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state file: what is written comes back, what is damaged is refused whole. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/pidfile.h"
#include "daemon/state.h"
#include "util/alloc.h"

static char directory[] = "/tmp/nfshaper-test-XXXXXX";

static int make(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int unmake(void **state)
{
	char *path = xasprintf("%s/state.json", directory);
	(void)state;
	unlink(path);
	free(path);
	return rmdir(directory);
}

static void write_state(const char *text)
{
	char *path = xasprintf("%s/state.json", directory);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static void what_is_saved_comes_back(void **state)
{
	struct state saved = {.mark_mask = 0x00ff0000};
	struct ids earlier = {0};
	struct state loaded;
	(void)state;
	ids_add(&saved.known.ids, &(struct outcome){1, OUTCOME_CLASS, (char *)"default", 0x10});
	ids_add(&saved.known.ids, &(struct outcome){7, OUTCOME_DROP, (char *)"drop", 0});
	ids_add(&earlier, &(struct outcome){3, OUTCOME_CLASS, (char *)"gone", 0x15});
	ids_add(&earlier, &(struct outcome){7, OUTCOME_CLASS, (char *)"taken", 0x16});
	ids_remember(&saved.known.ids, &earlier);
	assert_int_equal(state_save(directory, &saved), 0);
	assert_int_equal(state_load(directory, &loaded), 0);
	assert_int_equal(loaded.mark_mask, 0x00ff0000);
	assert_int_equal(loaded.known.ids.count, 3);
	assert_int_equal(ids_find(&loaded.known.ids, OUTCOME_DROP, "drop")->id, 7);
	assert_int_equal(ids_find(&loaded.known.ids, OUTCOME_CLASS, "gone")->minor, 0x15);
	assert_null(ids_find(&loaded.known.ids, OUTCOME_CLASS, "taken"));
	state_fini(&loaded);
	state_fini(&saved);
	ids_fini(&earlier);
}

static void no_file_is_no_error(void **state)
{
	struct state loaded;
	(void)state;
	assert_int_equal(state_load("/nonexistent", &loaded), 0);
	assert_int_equal(loaded.known.ids.count, 0);
	state_fini(&loaded);
}

static void damage_is_refused_whole(void **state)
{
	static const char *const damaged[] = {
		"",
		"{",
		"[]",
		"{\"version\": 2, \"mark_mask\": 1, \"ids\": []}",
		"{\"version\": 1, \"mark_mask\": -1, \"ids\": []}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": {}}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 0, \"kind\": \"class\", "
		"\"name\": \"a\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"drop\", "
		"\"name\": \"drop\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"class\", "
		"\"name\": \"default\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"class\", "
		"\"name\": \"web\", \"minor\": 16}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": ["
		"{\"id\": 1, \"kind\": \"class\", \"name\": \"a\", \"minor\": 17},"
		"{\"id\": 2, \"kind\": \"class\", \"name\": \"b\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": ["
		"{\"id\": 1, \"kind\": \"class\", \"name\": \"a\", \"minor\": 17},"
		"{\"id\": 1, \"kind\": \"class\", \"name\": \"b\", \"minor\": 18}]}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct state loaded;
		write_state(damaged[i]);
		assert_int_equal(state_load(directory, &loaded), -EBADMSG);
		assert_int_equal(loaded.known.ids.count, 0);
		state_fini(&loaded);
	}
}

static void one_daemon_for_a_run_directory(void **state)
{
	pid_t other = 0;
	(void)state;
	char *run_dir = xasprintf("%s/run/deep", directory),
	     *parent = xasprintf("%s/run", directory);
	assert_int_equal(pidfile_read(run_dir), -ESRCH);
	int fd = pidfile_lock(run_dir, &other);
	assert_true(fd >= 0);
	assert_int_equal(pidfile_write(fd), 0);
	assert_int_equal(pidfile_lock(run_dir, &other), -EBUSY);
	assert_int_equal(other, getpid());
	assert_int_equal(pidfile_read(run_dir), getpid());
	pidfile_remove(run_dir, fd);
	assert_int_equal(pidfile_read(run_dir), -ESRCH);
	assert_int_equal(rmdir(run_dir), 0);
	assert_int_equal(rmdir(parent), 0);
	free(run_dir);
	free(parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_comes_back),
		cmocka_unit_test(no_file_is_no_error),
		cmocka_unit_test(damage_is_refused_whole),
		cmocka_unit_test(one_daemon_for_a_run_directory),
	};
	return cmocka_run_group_tests_name("state", tests, make, unmake);
}
