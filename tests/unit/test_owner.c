/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes and the search for their sockets, out of a folder made to look like /proc. */
#include "proc_fixture.h"

#include "kernel/procfs.h"
#include "owner/owner_cache.h"
#include "owner/search.h"

static void facts_of_a_process(void **state)
{
	static const char words[] = "java\0-jar\0\0net.x.Router";
	(void)state;
	put_process(7, 1, 1000);
	put_file(7, "cmdline", words, sizeof(words)); /* with the last zero */
	struct process_facts *facts = process_facts_load(proc, 7);
	assert_non_null(facts);
	assert_string_equal(facts->cmd, "java");
	assert_int_equal(facts->n_args, 3);
	assert_string_equal(facts->args[0], "-jar");
	assert_string_equal(facts->args[1], "");
	assert_string_equal(facts->args[2], "net.x.Router");
	assert_string_equal(facts->exe, "/usr/bin/program");
	assert_int_equal(facts->gid, 1001);
	assert_int_equal(facts->start_ticks, 1007);
	process_facts_unref(facts);

	put_text(7, "cmdline", "title: without an end");
	facts = process_facts_load(proc, 7);
	assert_string_equal(facts->cmd, "title: without an end");
	assert_int_equal(facts->n_args, 0);
	process_facts_unref(facts);

	put_text(7, "cmdline", "");
	facts = process_facts_load(proc, 7);
	assert_null(facts->cmd);
	process_facts_unref(facts);

	/* It is about to end: the command line is gone first. */
	assert_int_equal(unlink(path_of(7, "exe")), 0);
	assert_null(process_facts_load(proc, 7));
	assert_int_equal(symlink("/usr/bin/program (deleted)", path_of(7, "exe")), 0);
	facts = process_facts_load(proc, 7);
	assert_string_equal(facts->exe, "/usr/bin/program");
	process_facts_unref(facts);

	put_text(7, "stat", "7 (cut");
	assert_null(process_facts_load(proc, 7));
	assert_null(process_facts_load(proc, 8));
}

static void list(const struct process_table *table, uint32_t uid, bool is_users, char *text)
{
	size_t count;
	uint32_t *pids = process_table_candidates(table, uid, is_users, &count);
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), 8, "%u ", pids[i]);
	free(pids);
}

static void assert_candidates(const struct process_table *table, uint32_t uid, const char *expected)
{
	char text[128] = "";
	list(table, uid, true, text);
	strcat(text, "| ");
	list(table, uid, false, text);
	assert_string_equal(text, expected);
}

static void change(struct process_table *table, enum proc_event_kind kind, uint32_t pid,
		   uint32_t parent, uint32_t uid)
{
	process_table_change(table, &(struct proc_change){kind, pid, parent, uid});
}

static void processes_come_and_go(void **state)
{
	(void)state;
	put_process(1, 0, 0);
	put_process(5, 1, 0);
	struct process_table *table = process_table_new(proc);
	process_table_scan(table);
	change(table, PROC_BEGINS, 20, 1, 0);
	change(table, PROC_BEGINS, 21, 1, 0);
	change(table, PROC_BEGINS, 22, 20, 0);
	assert_candidates(table, 0, "22 21 20 5 1 | ");
	change(table, PROC_CHANGES_USER, 21, 0, 1000);
	change(table, PROC_BEGINS, 23, 21, 0); /* as whom its parent was */
	assert_candidates(table, 1000, "23 21 | 22 20 5 1 ");
	process_table_touch(table, 21);
	process_table_touch(table, 1); /* which remains the last */
	assert_candidates(table, 1000, "21 23 | 22 20 5 1 ");
	assert_int_equal(process_table_parent(table, 22), 20);
	change(table, PROC_ENDS, 20, 0, 0);
	assert_candidates(table, 0, "22 5 1 | 21 23 ");
	assert_int_equal(process_table_count(table), 5);
	/* The line of those that live goes on beyond those that have ended. */
	assert_int_equal(process_table_parent(table, 22), 20);
	assert_int_equal(process_table_parent(table, 20), 1);
	/* Until there is another one of that pid. */
	change(table, PROC_BEGINS, 20, 23, 0);
	assert_int_equal(process_table_parent(table, 20), 23);
	/* One that began unseen, and its child. */
	put_process(40, 1, 7);
	change(table, PROC_BEGINS, 41, 40, 0);
	assert_int_equal(process_table_parent(table, 41), 0);
	put_process(41, 1, 7);
	change(table, PROC_BEGINS, 41, 40, 0);
	assert_int_equal(process_table_parent(table, 41), 40);
	/* Events were lost: what is there now counts. */
	put_process(30, 1, 0);
	put_status(5, 1, 1000);
	process_table_rescan(table);
	assert_candidates(table, 0, "30 1 | 40 41 5 ");
	process_table_free(table);
}

static void facts_are_over(void **state)
{
	(void)state;
	for (uint32_t pid = 1; pid <= 6; pid++)
		put_process(pid, 0, 0);
	struct process_table *table = process_table_new(proc);
	struct process_facts *facts[7];
	process_table_scan(table);
	for (uint32_t pid = 1; pid <= 6; pid++)
		facts[pid] = process_table_facts(table, pid);
	change(table, PROC_EXECS, 1, 0, 0);
	change(table, PROC_ENDS, 2, 0, 0);
	change(table, PROC_CHANGES_GROUP, 3, 0, 0);
	put_start(4, 9999);
	change(table, PROC_ENDS, 4, 0, 0);
	change(table, PROC_BEGINS, 4, 1, 0);
	process_table_distrust(table, 5);
	for (uint32_t pid = 1; pid <= 5; pid++)
		assert_true(facts[pid]->is_over);
	assert_false(facts[6]->is_over);
	struct process_facts *again = process_table_facts(table, 4);
	assert_int_equal(facts[4]->start_ticks, 1004);
	assert_int_equal(again->start_ticks, 9999);
	process_facts_unref(again);
	/* A thread that executes a program takes the place of the first. */
	change(table, PROC_ENDS, 4, 0, 0);
	change(table, PROC_EXECS, 4, 0, 0);
	assert_int_equal(process_table_count(table), 5);
	assert_int_equal(process_table_parent(table, 4), 0);
	/* Events were lost: nothing is believed. */
	process_table_rescan(table);
	assert_true(facts[6]->is_over);
	for (uint32_t pid = 1; pid <= 6; pid++)
		process_facts_unref(facts[pid]);
	process_table_free(table);
}

struct outcome {
	struct procfs_place place;
	uint64_t folders;
	unsigned passes;
};

static struct outcome find_socket(const struct process_table *table, struct owner_cache *cache,
				  unsigned inode, uint32_t uid)
{
	struct search search;
	struct outcome outcome = {0};
	enum search_state at = SEARCH_FOUND;
	search_begin(&search, proc, cache, inode, uid);
	if (!search_there(&search, &outcome.place)) {
		do {
			at = search_step(&search, table, &outcome.place);
			outcome.passes += at == SEARCH_NOT_AT_USERS;
		} while (at == SEARCH_GOES_ON || at == SEARCH_NOT_AT_USERS);
	}
	if (at == SEARCH_FOUND)
		outcome.place = search_opener(&search, table, outcome.place);
	search_put_seen(&search, NULL);
	outcome.folders = search.n_folders;
	search_end(&search);
	assert_true((at == SEARCH_FOUND) == (outcome.place.pid != 0));
	return outcome;
}

static void sockets_are_found(void **state)
{
	(void)state;
	put_process(1, 0, 0);
	for (uint32_t pid = 10; pid < 20; pid++)
		put_process(pid, 1, pid < 15 ? 1000 : 0);
	for (unsigned number = 3; number < 1000; number++)
		put_socket(12, number, 50000 + number);
	put_socket(12, 1000, 777);
	put_socket(17, 3, 888);
	struct process_table *table = process_table_new(proc);
	struct owner_cache *cache = owner_cache_new(proc);
	process_table_scan(table);
	struct outcome outcome = find_socket(table, cache, 777, 1000);
	assert_int_equal(outcome.place.pid, 12);
	assert_int_equal(outcome.place.descriptor, 1000);
	assert_true(outcome.folders <= 5);
	assert_int_equal(outcome.passes, 0);
	/* Of a user whose processes do not have it (any more). */
	outcome = find_socket(table, cache, 888, 1000);
	assert_int_equal(outcome.place.pid, 17);
	assert_int_equal(outcome.passes, 1);
	/* What was seen on the way needs no folder any more, … */
	outcome = find_socket(table, cache, 50007, 1000);
	assert_int_equal(outcome.place.descriptor, 7);
	assert_int_equal(outcome.folders, 0);
	/* … unless it is closed meanwhile. */
	assert_int_equal(unlink(path_of(12, "fd/8")), 0);
	outcome = find_socket(table, cache, 50008, 1000);
	assert_int_equal(outcome.place.pid, 0);
	assert_int_equal(outcome.folders, 11);
	process_table_free(table);
	owner_cache_free(cache);
}

static void a_search_is_given_up(void **state)
{
	(void)state;
	struct search search;
	struct procfs_place place;
	enum search_state at = SEARCH_GOES_ON;
	put_process(1, 0, 0);
	put_process(39, 1, 1000);
	for (unsigned number = 3; number < 603; number++)
		put_socket(39, number, 50000 + number);
	struct process_table *table = process_table_new(proc);
	struct owner_cache *cache = owner_cache_new(proc);
	process_table_scan(table);
	search_begin(&search, proc, cache, 777, 1000);
	assert_int_equal(search.looks_left, SEARCH_LOOKS_MAX);
	search.looks_left = 500;
	while (at == SEARCH_GOES_ON)
		at = search_step(&search, table, &place);
	assert_int_equal(at, SEARCH_GIVEN_UP);
	assert_int_equal(search.n_folders, 1);
	/* What it saw is kept. */
	unsigned kept = 0;
	search_put_seen(&search, NULL);
	search_end(&search);
	for (unsigned number = 3; number < 603; number++)
		kept += owner_cache_place(cache, 50000 + number).pid == 39;
	assert_in_range(kept, 500, 550);
	process_table_free(table);
	owner_cache_free(cache);
}

/* 1 - 10 - 30 - 31 */
static void a_socket_is_of_the_eldest(void **state)
{
	(void)state;
	put_process(1, 0, 0);
	put_process(10, 1, 1000);
	put_process(30, 10, 1000);
	put_process(31, 30, 1000);
	for (uint32_t pid = 10; pid <= 31; pid = pid == 10 ? 30 : pid + 1)
		put_socket(pid, 4, 999);
	put_socket(31, 5, 1000);
	put_socket(30, 6, 1000); /* under another number: not inherited */
	put_socket(1, 7, 1001);
	put_socket(31, 7, 1001); /* handed on */
	struct process_table *table = process_table_new(proc);
	struct owner_cache *cache = owner_cache_new(proc);
	process_table_scan(table);
	process_table_touch(table, 31);
	assert_int_equal(find_socket(table, cache, 999, 1000).place.pid, 10);
	assert_int_equal(find_socket(table, cache, 1000, 1000).place.pid, 31);
	assert_int_equal(find_socket(table, cache, 1001, 0).place.pid, 31);
	/* The one between has closed it, … */
	assert_int_equal(unlink(path_of(30, "fd/4")), 0);
	assert_int_equal(find_socket(table, cache, 999, 1000).place.pid, 10);
	/* … has ended, … */
	change(table, PROC_ENDS, 30, 0, 0);
	assert_int_equal(find_socket(table, cache, 999, 1000).place.pid, 10);
	/* … and so has the eldest. */
	assert_int_equal(unlink(path_of(10, "fd/4")), 0);
	assert_int_equal(find_socket(table, cache, 999, 1000).place.pid, 31);
	process_table_free(table);
	owner_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROC_TEST(facts_of_a_process),
		PROC_TEST(processes_come_and_go),
		PROC_TEST(facts_are_over),
		PROC_TEST(sockets_are_found),
		PROC_TEST(a_search_is_given_up),
		PROC_TEST(a_socket_is_of_the_eldest),
	};
	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
