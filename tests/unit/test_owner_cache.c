/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept of processes and their sockets. */
#include "proc_fixture.h"

#include "owner/owner_cache.h"

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
	static const struct seen_socket first[] = {{102, 9}, {100, 3}};
	static const struct seen_socket seen[] = {{100, 3}, {101, 4}, {103, 5}};
	struct owner_cache *cache = owner_cache_new(proc);
	struct process_facts *facts, *got = NULL;
	(void)state;
	put_process(7, 1, 0);
	facts = process_facts_load(proc, 7);
	owner_cache_set_followed(cache, true);
	assert_null(facts->heritage);
	assert_false(process_facts_has_opened(facts, 101));
	process_facts_set_heritage(facts, first, 2);
	assert_non_null(facts->heritage);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROC_TEST(the_cache_forgets),
		PROC_TEST(later_sockets_are_its_own),
	};
	return cmocka_run_group_tests_name("owner cache", tests, NULL, NULL);
}
