/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The next socket of a process is where its last one was; out of a folder like /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "owner/habits.h"
#include "owner/owner_cache.h"
#include "util/alloc.h"

#define USER 1000

static struct process_facts *process(uint32_t pid)
{
	struct process_facts *facts = xcalloc(1, sizeof(*facts));
	facts->references = 1;
	facts->pid = pid;
	return facts;
}

/* The newest first, one for each process of a user, and of the living only. */
static void order(void **state)
{
	struct habits habits = {0};
	struct process_facts *processes[HABITS_MAX + 2];
	struct habit found[HABITS_MAX];
	(void)state;
	for (uint32_t i = 0; i < HABITS_MAX + 2; i++) {
		processes[i] = process(i + 1);
		habits_note(&habits, USER, (struct procfs_place){i + 1, 3}, processes[i]);
	}
	habits_note(&habits, USER, (struct procfs_place){4, 9}, processes[3]);
	habits_note(&habits, USER + 1, (struct procfs_place){5, 5}, processes[4]);
	atomic_store(&processes[5]->is_over, true);
	unsigned count = habits_of(&habits, USER, found, HABITS_MAX);
	assert_int_equal(count, HABITS_MAX - 2);
	assert_int_equal(found[0].place.pid, 4);
	assert_int_equal(found[0].place.descriptor, 9);
	assert_int_equal(found[1].place.pid, HABITS_MAX + 2);
	for (unsigned i = 0; i < count; i++) {
		assert_int_not_equal(found[i].place.pid, 6);
		assert_int_equal(found[i].place.pid, found[i].facts->pid);
		process_facts_unref(found[i].facts);
	}
	assert_int_equal(habits_of(&habits, USER + 1, found, HABITS_MAX), 1);
	assert_int_equal(found[0].place.descriptor, 5);
	process_facts_unref(found[0].facts);
	habits_fini(&habits);
	for (unsigned i = 0; i < HABITS_MAX + 2; i++) {
		assert_int_equal(processes[i]->references, 1);
		process_facts_unref(processes[i]);
	}
}

static char *make_proc(const char *folder)
{
	char *path = xasprintf("%s/7/fd/3", folder);
	for (size_t i = strlen(folder) + 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		assert_int_equal(mkdir(path, 0700), 0);
		path[i] = '/';
	}
	assert_int_equal(symlink("socket:[77]", path), 0);
	return path;
}

static void remove_proc(char *path, const char *folder)
{
	assert_int_equal(unlink(path), 0);
	while (strlen(path) > strlen(folder)) {
		*strrchr(path, '/') = '\0';
		assert_int_equal(rmdir(path), 0);
	}
	free(path);
}

static bool is_guessed(struct owner_cache *cache, uint32_t uid, uint64_t inode)
{
	struct process_facts *facts = NULL;
	bool is_found = owner_cache_guess(cache, uid, inode, &facts);
	assert_int_equal(is_found, facts != NULL);
	if (is_found)
		assert_int_equal(facts->pid, 7);
	process_facts_unref(facts);
	return is_found;
}

/* Only that socket, of that user, and only while nothing has happened that is not known yet. */
static void guesses(void **state)
{
	char folder[] = "/tmp/nfshaper-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *path = make_proc(folder);
	struct owner_cache *cache = owner_cache_new(folder);
	struct process_facts *facts = process(7);
	int events = eventfd(0, EFD_NONBLOCK);
	uint64_t number = 1;
	(void)state;
	owner_cache_set_followed(cache, true);
	owner_cache_note_habit(cache, USER, (struct procfs_place){7, 3}, facts);
	assert_false(is_guessed(cache, USER, 77)); /* nobody tells of events */
	owner_cache_set_events(cache, events);
	assert_true(is_guessed(cache, USER, 77));
	assert_false(is_guessed(cache, USER, 78));
	assert_false(is_guessed(cache, USER + 1, 77));
	owner_cache_set_behind(cache, true);
	assert_false(is_guessed(cache, USER, 77));
	owner_cache_set_behind(cache, false);
	assert_int_equal(write(events, &number, sizeof(number)), sizeof(number));
	assert_false(is_guessed(cache, USER, 77));
	assert_int_equal(read(events, &number, sizeof(number)), sizeof(number));
	assert_true(is_guessed(cache, USER, 77));
	atomic_store(&facts->is_over, true);
	assert_false(is_guessed(cache, USER, 77));
	owner_cache_free(cache);
	assert_int_equal(facts->references, 1);
	process_facts_unref(facts);
	close(events);
	remove_proc(path, folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(guesses),
	};
	return cmocka_run_group_tests_name("habits", tests, NULL, NULL);
}
