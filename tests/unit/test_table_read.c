/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ids that are read out of a table which is there: of its chains' names and comments. What the
 * kernel has is the test's (--wrap=table_state_read).
 */
#include "fixture.h"

#include <errno.h>
#include <string.h>

#include "kernel/table.h"
#include "kernel/table_state.h"
#include "util/alloc.h"

struct chain {
	const char *name, *comment, *type;
};

static const struct chain *chains;
static size_t n_chains;
static int failure;

int __wrap_table_state_read(const char *table, struct table_state *ret_state,
			    struct nl_error *error);

int __wrap_table_state_read(const char *table, struct table_state *ret_state,
			    struct nl_error *error)
{
	assert_string_equal(table, "nfshaper");
	(void)error;
	if (failure)
		return failure;
	*ret_state = (struct table_state){.exists = n_chains > 0};
	for (size_t i = 0; i < n_chains; i++) {
		ret_state->chains =
			array_grow(ret_state->chains, ret_state->n_chains,
				   &ret_state->chains_capacity, sizeof(*ret_state->chains));
		ret_state->chains[ret_state->n_chains++] = (struct state_chain){
			.name = xstrdup(chains[i].name),
			.comment = xstrdup(chains[i].comment),
			.type = xstrdup(chains[i].type),
		};
	}
	return 0;
}

static struct ids read_chains(const struct chain *given, size_t count)
{
	struct ids ids = {0};
	chains = given;
	n_chains = count;
	assert_int_equal(table_read_ids(&ids), 0);
	return ids;
}

static void expect(const struct ids *ids, size_t index, uint32_t id, enum outcome_kind kind,
		   const char *name, uint16_t minor)
{
	assert_true(index < ids->count);
	assert_int_equal(ids->items[index].id, id);
	assert_int_equal(ids->items[index].kind, kind);
	assert_string_equal(ids->items[index].name, name);
	assert_int_equal(ids->items[index].minor, minor);
}

#define READ(given) read_chains(given, sizeof(given) / sizeof((given)[0]))

static void what_was_written_is_read(void **state)
{
	static const struct chain given[] = {
		{"queue_in", NULL, "filter"},
		{"id_1", "class default 1:10", NULL},
		{"id_2", "class web 1:11", NULL},
		{"id_3", "drop", NULL},
		{"id_4", "reject", NULL},
		{"id_5", "queued web 1:11", NULL},
		{"id_6", "queued default 1:10", NULL},
		{"call_7", "call DNS-throttle", NULL},
		{"call_65535", "call web", NULL},
		{"id_65534", "class two words 1:ffff", NULL},
		{"call_in", NULL, NULL},
		{"called", NULL, NULL},
		{"exempt", "id_9", NULL},
	};
	(void)state;
	struct ids ids = READ(given);
	assert_int_equal(ids.count, 9);
	expect(&ids, 0, 1, OUTCOME_CLASS, "default", 0x10);
	expect(&ids, 1, 2, OUTCOME_CLASS, "web", 0x11);
	expect(&ids, 2, 3, OUTCOME_DROP, "drop", 0);
	expect(&ids, 3, 4, OUTCOME_REJECT, "reject", 0);
	expect(&ids, 4, 5, OUTCOME_QUEUED, "web", 0x11);
	expect(&ids, 5, 6, OUTCOME_QUEUED, "default", 0x10);
	expect(&ids, 6, 7, OUTCOME_CALL, "DNS-throttle", 0);
	expect(&ids, 7, 65535, OUTCOME_CALL, "web", 0);
	expect(&ids, 8, 65534, OUTCOME_CLASS, "two words", 0xffff);
	ids_fini(&ids);
}

/* Names that are words of comments themselves. */
static void names_like_words(void **state)
{
	static const struct chain given[] = {
		{"id_1", "class drop 1:11", NULL},       {"id_2", "class queued 1:12", NULL},
		{"id_3", "class class 1:13", NULL},      {"id_4", "queued class web 1:14", NULL},
		{"id_5", "class queued web 1:15", NULL}, {"call_6", "call call", NULL},
	};
	(void)state;
	struct ids ids = READ(given);
	assert_int_equal(ids.count, 6);
	expect(&ids, 0, 1, OUTCOME_CLASS, "drop", 0x11);
	expect(&ids, 1, 2, OUTCOME_CLASS, "queued", 0x12);
	expect(&ids, 2, 3, OUTCOME_CLASS, "class", 0x13);
	expect(&ids, 3, 4, OUTCOME_QUEUED, "class web", 0x14);
	expect(&ids, 4, 5, OUTCOME_CLASS, "queued web", 0x15);
	expect(&ids, 5, 6, OUTCOME_CALL, "call", 0);
	ids_fini(&ids);
}

static void what_was_edited_by_hand_is_passed_over(void **state)
{
	static const struct chain given[] = {
		{"id_1", NULL, NULL},
		{"id_2", "", NULL},
		{"id_3", "web 1:11", NULL},
		{"id_4", "class web", NULL},
		{"id_5", "class 1:11", NULL},
		{"id_6", "class web 1:f", NULL},
		{"id_7", "class web 2:11", NULL},
		{"id_8", "class web 1:11x", NULL},
		{"id_9", "class web 1:", NULL},
		{"id_10", "dropped", NULL},
		{"id_11", "call web", NULL},
		{"id_12", "queued", NULL},
		{"id_13", "queued  1:11", NULL},
		{"id_14", "class web 1:11", "filter"},
		{"id_15", "class web 1:10", NULL},
		{"id_16", "queued default 1:11", NULL},
		{"id_0", "class web 1:11", NULL},
		{"id_65536", "class web 1:11", NULL},
		{"id_-1", "class web 1:11", NULL},
		{"id_", "class web 1:11", NULL},
		{"call_1", NULL, NULL},
		{"call_2", "call", NULL},
		{"call_3", "call ", NULL},
		{"call_4", "class web 1:11", NULL},
		{"call_5", "drop", NULL},
		{"call_0", "call web", NULL},
		{"call_65536", "call web", NULL},
	};
	(void)state;
	struct ids ids = READ(given);
	for (size_t i = 0; i < ids.count; i++)
		fail_msg("%u is %s", ids.items[i].id, ids.items[i].name);
	ids_fini(&ids);
}

/* One id, one name and one minor have one meaning: the first. */
static void the_first_is_kept(void **state)
{
	static const struct chain given[] = {
		{"id_1", "class web 1:11", NULL},    {"call_1", "call web", NULL},
		{"id_2", "class web 1:12", NULL},    {"id_3", "class mail 1:11", NULL},
		{"call_4", "call web", NULL},        {"call_5", "call web", NULL},
		{"id_6", "queued web 1:11", NULL},   {"id_7", "queued web 1:11", NULL},
		{"id_8", "queued other 1:11", NULL},
	};
	(void)state;
	struct ids ids = READ(given);
	assert_int_equal(ids.count, 3);
	expect(&ids, 0, 1, OUTCOME_CLASS, "web", 0x11);
	expect(&ids, 1, 4, OUTCOME_CALL, "web", 0);
	expect(&ids, 2, 6, OUTCOME_QUEUED, "web", 0x11);
	ids_fini(&ids);
}

static void no_table_and_no_right(void **state)
{
	struct ids ids = read_chains(NULL, 0);
	(void)state;
	assert_int_equal(ids.count, 0);
	failure = -EPERM;
	assert_int_equal(table_read_ids(&ids), -EPERM);
	failure = 0;
	assert_int_equal(ids.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(names_like_words),
		cmocka_unit_test(what_was_edited_by_hand_is_passed_over),
		cmocka_unit_test(the_first_is_kept),
		cmocka_unit_test(no_table_and_no_right),
	};
	return cmocka_run_group_tests_name("reading a table", tests, NULL, NULL);
}
