/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps from numbers to things, in the order of their last use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "util/id_map.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_forgets_what_was_used_longest_ago),
		cmocka_unit_test(a_map_grows),
	};
	return cmocka_run_group_tests_name("id_map", tests, NULL, NULL);
}
