/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes and their sockets, and what is kept of them, out of a folder made to look like /proc.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/procfs.h"
#include "owner/owner_cache.h"
#include "owner/search.h"

static char proc[] = "/tmp/nfshaper-test-XXXXXX";

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static int make_proc(void **state)
{
	(void)state;
	strcpy(proc + strlen(proc) - 6, "XXXXXX");
	return mkdtemp(proc) ? 0 : -1;
}

static int remove_proc(void **state)
{
	(void)state;
	return nftw(proc, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(uint32_t pid, const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, name);
	return path;
}

static void put_file(uint32_t pid, const char *name, const char *bytes, size_t length)
{
	FILE *file = fopen(path_of(pid, name), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static void put_text(uint32_t pid, const char *name, const char *text)
{
	put_file(pid, name, text, strlen(text));
}

static void put_status(uint32_t pid, uint32_t parent, uint32_t uid)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "Name:\tx\nPPid:\t%u\nTracerPid:\t7\nUid:\t9\t%u\t9\t9\nGid:\t8\t%u\t8\t8\n",
		 parent, uid, uid + 1);
	put_text(pid, "status", text);
}

static void put_start(uint32_t pid, unsigned ticks)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "%u (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 %u 20 21\n", pid,
		 ticks);
	put_text(pid, "stat", text);
}

static void put_process(uint32_t pid, uint32_t parent, uint32_t uid)
{
	char command[32];
	assert_int_equal(mkdir(path_of(pid, ""), 0755), 0);
	assert_int_equal(mkdir(path_of(pid, "fd"), 0755), 0);
	put_status(pid, parent, uid);
	put_start(pid, 1000 + pid);
	int length = snprintf(command, sizeof(command), "program%u", pid);
	put_file(pid, "cmdline", command, (size_t)length + 1);
	assert_int_equal(symlink("/usr/bin/program", path_of(pid, "exe")), 0);
}

static void put_socket(uint32_t pid, unsigned number, unsigned inode)
{
	char name[32], link[32];
	snprintf(name, sizeof(name), "fd/%u", number);
	snprintf(link, sizeof(link), "socket:[%u]", inode);
	assert_int_equal(symlink(link, path_of(pid, name)), 0);
}

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
		outcome.place.pid = 0;
		do {
			at = search_step(&search, table, &outcome.place);
			outcome.passes += at == SEARCH_NOT_AT_USERS;
		} while (at == SEARCH_GOES_ON || at == SEARCH_NOT_AT_USERS);
	}
	if (at == SEARCH_FOUND)
		outcome.place = search_opener(&search, table, outcome.place);
	owner_cache_put_seen(cache, search.pid, NULL, search.seen, search.n_seen);
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

#define SECOND 1000000000ull

static void the_cache_forgets(void **state)
{
	struct owner_cache *cache = owner_cache_new(proc);
	struct process_facts *facts, *got = NULL;
	char name[16];
	(void)state;
	put_process(7, 1, 0);
	facts = process_facts_load(proc, 7);
	put_socket(7, 3, 5);
	owner_cache_set_followed(cache, true);
	assert_false(owner_cache_process(cache, 5, 0, &got));
	owner_cache_put_process(cache, 5, facts, (struct procfs_place){7, 3}, 0);
	assert_true(owner_cache_process(cache, 5, 1000 * SECOND, &got));
	assert_ptr_equal(got, facts);
	process_facts_unref(got);
	/* Closed there, and opened again. */
	assert_int_equal(unlink(path_of(7, "fd/3")), 0);
	assert_false(owner_cache_process(cache, 5, 0, &got));
	put_socket(7, 3, 55);
	assert_false(owner_cache_process(cache, 5, 0, &got));
	assert_int_equal(unlink(path_of(7, "fd/3")), 0);
	put_socket(7, 3, 5);
	assert_true(owner_cache_process(cache, 5, 0, &got));
	process_facts_unref(got);
	/* What was seen elsewhere does not count while this is known; … */
	owner_cache_put_seen(cache, 8, NULL, &(struct seen_socket){5, 3}, 1);
	atomic_store(&facts->is_over, true);
	assert_false(owner_cache_process(cache, 5, 0, &got));
	/* … and afterwards it is where one looks first. */
	assert_int_equal(owner_cache_place(cache, 5).pid, 7);
	assert_int_equal(owner_cache_place(cache, 5).descriptor, 3);
	assert_int_equal(owner_cache_place(cache, 99).pid, 0);
	owner_cache_put_seen(cache, 8, NULL, &(struct seen_socket){4, 3}, 1);
	assert_false(owner_cache_process(cache, 4, 0, &got));
	assert_int_equal(owner_cache_place(cache, 4).pid, 8);
	/* Where processes are not followed it is not known what they are now. */
	atomic_store(&facts->is_over, false);
	owner_cache_set_followed(cache, false);
	assert_false(owner_cache_process(cache, 5, 0, &got));
	owner_cache_set_followed(cache, true);
	/* That nobody has it is believed for a while. */
	owner_cache_put_process(cache, 6, NULL, (struct procfs_place){0}, 0);
	assert_true(owner_cache_process(cache, 6, 9 * SECOND, &got));
	assert_null(got);
	assert_false(owner_cache_process(cache, 6, 11 * SECOND, &got));
	owner_cache_put_text(cache, OWNER_TEXT_USER, 1000, "fred", 0);
	owner_cache_put_text(cache, OWNER_TEXT_GROUP, 1000, NULL, 0);
	owner_cache_put_text(cache, OWNER_TEXT_USER, 1001, "a name that is much too long", 0);
	assert_true(owner_cache_text(cache, OWNER_TEXT_USER, 1000, 59 * SECOND, name, 16));
	assert_string_equal(name, "fred");
	assert_true(owner_cache_text(cache, OWNER_TEXT_GROUP, 1000, 0, name, 16));
	assert_string_equal(name, "");
	assert_true(owner_cache_text(cache, OWNER_TEXT_USER, 1001, 0, name, 16));
	assert_string_equal(name, "");
	assert_false(owner_cache_text(cache, OWNER_TEXT_USER, 1000, 61 * SECOND, name, 16));
	/* Control groups keep their names; but one may not have been found only now. */
	owner_cache_put_text(cache, OWNER_TEXT_CGROUP, 1, "/a", 0);
	owner_cache_put_text(cache, OWNER_TEXT_CGROUP, 2, NULL, 0);
	assert_true(owner_cache_text(cache, OWNER_TEXT_CGROUP, 1, 9999 * SECOND, name, 16));
	assert_false(owner_cache_text(cache, OWNER_TEXT_CGROUP, 2, 61 * SECOND, name, 16));
	process_facts_unref(facts);
	owner_cache_free(cache);
}

/* What a process had when it was looked at first may be inherited, what it has later is its own. */
static void later_sockets_are_its_own(void **state)
{
	static const uint64_t first[] = {102, 100};
	static const struct seen_socket seen[] = {{100, 3}, {101, 4}, {103, 5}};
	struct owner_cache *cache = owner_cache_new(proc);
	struct process_facts *facts, *got = NULL;
	(void)state;
	put_process(7, 1, 0);
	facts = process_facts_load(proc, 7);
	owner_cache_set_followed(cache, true);
	assert_false(process_facts_has_heritage(facts));
	assert_false(process_facts_has_opened(facts, 101));
	process_facts_set_heritage(facts, first, 2);
	assert_true(process_facts_has_heritage(facts));
	assert_false(process_facts_has_opened(facts, 100));
	assert_false(process_facts_has_opened(facts, 102));
	assert_true(process_facts_has_opened(facts, 101));
	for (unsigned i = 0; i < 3; i++)
		put_socket(7, seen[i].descriptor, (unsigned)seen[i].inode);
	owner_cache_put_seen(cache, 7, facts, seen, 3);
	assert_false(owner_cache_process(cache, 100, 0, &got));
	assert_int_equal(owner_cache_place(cache, 100).descriptor, 3);
	for (uint64_t inode = 101; inode <= 103; inode += 2) {
		assert_true(owner_cache_process(cache, inode, 0, &got));
		assert_ptr_equal(got, facts);
		process_facts_unref(got);
	}
	/* It has ended: no more than a place to begin at. */
	atomic_store(&facts->is_over, true);
	assert_false(owner_cache_process(cache, 101, 0, &got));
	process_facts_unref(facts);
	owner_cache_free(cache);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_proc, remove_proc)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_of_a_process),
		TEST(processes_come_and_go),
		TEST(facts_are_over),
		TEST(sockets_are_found),
		TEST(a_socket_is_of_the_eldest),
		TEST(the_cache_forgets),
		TEST(later_sockets_are_its_own),
	};
	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
