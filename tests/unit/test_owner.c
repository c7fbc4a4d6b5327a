/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes and their sockets, out of a folder made to look like /proc. */
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

#include "kernel/cgroup.h"
#include "kernel/procfs.h"
#include "owner/owner_cache.h"
#include "owner/search.h"
#include "util/id_map.h"

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

static unsigned freed;

static void count_freed(void *value)
{
	(void)value;
	freed++;
}

static int collect(uint64_t id, void *value, void *data)
{
	char *text = data;
	(void)value;
	snprintf(text + strlen(text), 8, "%ju ", (uintmax_t)id);
	return 0;
}

static void a_map_forgets_what_was_used_longest_ago(void **state)
{
	struct id_map *map = id_map_new(3, count_freed);
	char text[64] = "";
	(void)state;
	freed = 0;
	for (uintptr_t id = 1; id <= 3; id++)
		id_map_put(map, id, (void *)id);
	id_map_touch(map, 1);
	id_map_put(map, 4, (void *)4);
	assert_null(id_map_get(map, 2));
	assert_ptr_equal(id_map_get(map, 1), (void *)1);
	id_map_put(map, 3, (void *)33);
	id_map_each(map, collect, text);
	assert_string_equal(text, "3 4 1 ");
	assert_int_equal(freed, 2);
	id_map_remove(map, 4);
	id_map_remove(map, 4);
	id_map_touch(map, 99);
	assert_int_equal(id_map_count(map), 2);
	id_map_free(map);
	assert_int_equal(freed, 5);
}

static void a_map_grows(void **state)
{
	struct id_map *map = id_map_new(0, count_freed);
	(void)state;
	for (uintptr_t id = 1; id <= 10000; id++)
		id_map_put(map, id << 20, (void *)id);
	for (uintptr_t id = 1; id <= 10000; id++)
		assert_ptr_equal(id_map_get(map, id << 20), (void *)id);
	for (uintptr_t id = 1; id <= 10000; id += 2)
		id_map_remove(map, id << 20);
	assert_int_equal(id_map_count(map), 5000);
	assert_null(id_map_get(map, 1 << 20));
	assert_ptr_equal(id_map_get(map, 2 << 20), (void *)2);
	id_map_free(map);
}

static void assert_unit(const char *path, const char *expected)
{
	size_t length = 0;
	const char *unit = cgroup_unit(path, &length);
	if (!expected) {
		assert_null(unit);
		return;
	}
	assert_non_null(unit);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(unit, expected, length);
}

static void units(void **state)
{
	(void)state;
	assert_unit("/system.slice/ssh.service", "ssh.service");
	assert_unit("/system.slice/docker-1.scope/init", "docker-1.scope");
	assert_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.service",
		    "firefox.service");
	assert_unit("/user.slice/user-1000.slice/session-2.scope", "session-2.scope");
	assert_unit("/user.slice/user-1000.slice", NULL);
	assert_unit("/", NULL);
	assert_unit("", NULL);
	assert_unit("/.service", NULL);
	assert_unit("/a.servicex/b", NULL);
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

	put_text(7, "stat", "7 (cut");
	assert_null(process_facts_load(proc, 7));
	assert_null(process_facts_load(proc, 8));
}

static void assert_candidates(const struct process_table *table, uint32_t uid, const char *expected)
{
	char text[128] = "";
	size_t count;
	uint32_t *pids = process_table_candidates(table, uid, &count);
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), 8, "%u ", pids[i]);
	free(pids);
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
	struct process_table *table = process_table_new(proc);
	process_table_scan(table, true);
	change(table, PROC_BEGINS, 20, 1, 0);
	change(table, PROC_BEGINS, 21, 1, 0);
	change(table, PROC_BEGINS, 22, 20, 0);
	assert_candidates(table, 0, "22 21 20 1 ");
	change(table, PROC_CHANGES_USER, 21, 0, 1000);
	change(table, PROC_BEGINS, 23, 21, 0); /* as whom its parent was */
	assert_candidates(table, 1000, "23 21 22 20 1 ");
	process_table_touch(table, 21);
	assert_candidates(table, 1000, "21 23 22 20 1 ");
	assert_int_equal(process_table_parent(table, 22), 20);
	change(table, PROC_ENDS, 20, 0, 0);
	assert_candidates(table, 0, "22 1 21 23 ");
	assert_int_equal(process_table_parent(table, 20), 0);
	assert_int_equal(process_table_count(table), 4);
	/* Events were lost: what is there now counts. */
	put_process(30, 1, 0);
	process_table_scan(table, true);
	assert_candidates(table, 0, "30 1 ");
	process_table_free(table);
}

static void facts_are_over(void **state)
{
	(void)state;
	for (uint32_t pid = 1; pid <= 4; pid++)
		put_process(pid, 0, 0);
	struct process_table *table = process_table_new(proc);
	struct process_facts *facts[5];
	process_table_scan(table, true);
	for (uint32_t pid = 1; pid <= 4; pid++)
		facts[pid] = process_table_facts(table, pid);
	change(table, PROC_EXECS, 1, 0, 0);
	change(table, PROC_ENDS, 2, 0, 0);
	put_start(3, 9999); /* another of the same pid, while events were lost */
	process_table_scan(table, true);
	assert_true(facts[1]->is_over);
	assert_true(facts[2]->is_over);
	assert_true(facts[3]->is_over);
	assert_false(facts[4]->is_over);
	/* Where nothing is followed, nothing is believed. */
	process_table_scan(table, false);
	assert_true(facts[4]->is_over);
	for (uint32_t pid = 1; pid <= 4; pid++)
		process_facts_unref(facts[pid]);
	process_table_free(table);
}

static uint32_t find_socket(const struct process_table *table, unsigned inode, uint32_t uid,
			    uint64_t *ret_folders)
{
	struct search search;
	enum search_state at;
	uint32_t pid = 0;
	search_begin(&search, proc, table, inode, uid);
	do {
		at = search_step(&search, table, &pid);
	} while (at == SEARCH_GOES_ON);
	*ret_folders = search.n_folders;
	search_end(&search);
	return at == SEARCH_FOUND ? pid : 0;
}

static void sockets_are_found(void **state)
{
	uint64_t folders;
	(void)state;
	put_process(1, 0, 0);
	for (uint32_t pid = 10; pid < 20; pid++)
		put_process(pid, 1, pid < 15 ? 1000 : 0);
	put_process(30, 10, 1000);
	put_process(31, 30, 1000);
	for (unsigned number = 3; number < 1000; number++)
		put_socket(12, number, 50000 + number);
	put_socket(12, 1000, 777);
	put_socket(17, 3, 888);
	put_socket(10, 4, 999);
	put_socket(30, 4, 999);
	put_socket(31, 4, 999);
	put_socket(31, 5, 1000);
	put_socket(30, 6, 1000); /* under another number: not inherited */
	struct process_table *table = process_table_new(proc);
	process_table_scan(table, true);
	assert_int_equal(find_socket(table, 777, 1000, &folders), 12);
	assert_true(folders <= 7);
	/* Of a user whose processes do not have it (any more). */
	assert_int_equal(find_socket(table, 888, 1000, &folders), 17);
	assert_true(folders > 7);
	/* The eldest that has it under that number. */
	assert_int_equal(find_socket(table, 999, 1000, &folders), 10);
	process_table_touch(table, 31);
	assert_int_equal(find_socket(table, 999, 1000, &folders), 10);
	assert_int_equal(find_socket(table, 1000, 1000, &folders), 31);
	assert_int_equal(folders, 1);
	assert_int_equal(find_socket(table, 4711, 1000, &folders), 0);
	assert_int_equal(folders, 13);
	process_table_free(table);
}

#define SECOND 1000000000ull

static void the_cache_forgets(void **state)
{
	struct owner_cache *cache = owner_cache_new();
	struct process_facts *facts, *got = NULL;
	char name[16];
	(void)state;
	put_process(7, 1, 0);
	facts = process_facts_load(proc, 7);
	owner_cache_set_followed(cache, true);
	assert_false(owner_cache_process(cache, 5, 0, &got));
	owner_cache_put_process(cache, 5, facts, 0);
	assert_true(owner_cache_process(cache, 5, 1000 * SECOND, &got));
	assert_ptr_equal(got, facts);
	process_facts_unref(got);
	atomic_store(&facts->is_over, true);
	assert_false(owner_cache_process(cache, 5, 0, &got));
	/* That nobody has it is believed for a while. */
	owner_cache_put_process(cache, 6, NULL, 0);
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
	process_facts_unref(facts);
	owner_cache_free(cache);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_proc, remove_proc)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_forgets_what_was_used_longest_ago),
		cmocka_unit_test(a_map_grows),
		cmocka_unit_test(units),
		TEST(facts_of_a_process),
		TEST(processes_come_and_go),
		TEST(facts_are_over),
		TEST(sockets_are_found),
		TEST(the_cache_forgets),
	};
	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
