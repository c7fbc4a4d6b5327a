/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the table is for throttles: the sets and maps of a plan, and that its chains tell the ids
 * again (--wrap=table_state_read: the table that is built stands for the one in the kernel).
 */
#include "fixture.h"

#include <string.h>

#include "kernel/table.h"
#include "kernel/table_build.h"
#include "kernel/table_state.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

static const char text[] =
	"version: 1\n"
	"mark-mask: 0x00ff0000\n"
	"classes: {default: {out: 1mbit}, web: {out: 2mbit}}\n"
	"throttles: {t: {limit: 5/1}, a-call: {limit: 5/1, count: connections}}\n"
	"rules:\n"
	"  - {if: dport == 80, throttle: t, class: web, over: reject}\n"
	"  - {if: dport == 23, action: reject}\n";

struct world {
	struct snapshot *snapshot;
	struct table_model *model;
};

static const struct table_model *installed;

int __wrap_table_state_read(const char *table, struct table_state *ret_state,
			    struct nl_error *error);

int __wrap_table_state_read(const char *table, struct table_state *ret_state,
			    struct nl_error *error)
{
	(void)error;
	assert_string_equal(table, installed->name);
	*ret_state = (struct table_state){.exists = true};
	for (size_t i = 0; i < installed->n_chains; i++) {
		const struct table_chain *chain = installed->chains[i];
		ret_state->chains =
			array_grow(ret_state->chains, ret_state->n_chains,
				   &ret_state->chains_capacity, sizeof(*ret_state->chains));
		ret_state->chains[ret_state->n_chains++] = (struct state_chain){
			.name = xstrdup(chain->name),
			.comment = xstrdup(chain->comment),
			.type = chain->hook ? xstrdup("filter") : NULL,
		};
	}
	return 0;
}

static struct world build(const char *yaml)
{
	struct world world = {.snapshot = fixture_snapshot(yaml, &(struct ids){0})};
	world.model = table_build(world.snapshot->plan, QUEUE_NATIVE);
	installed = world.model;
	return world;
}

static void end(struct world *world)
{
	table_model_free(world->model);
	snapshot_free(world->snapshot);
}

static const struct table_element *find(const struct world *world, const char *set, uint32_t key)
{
	for (size_t i = 0; i < world->model->n_sets; i++) {
		const struct table_set *there = world->model->sets[i];
		if (strcmp(there->name, set) != 0)
			continue;
		for (size_t k = 0; k < there->n_elements; k++)
			if (there->elements[k].key == key)
				return &there->elements[k];
	}
	return NULL;
}

static bool has_chain(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->model->n_chains; i++)
		if (strcmp(world->model->chains[i]->name, name) == 0)
			return true;
	return false;
}

static void expect_goto(const struct world *world, const char *set, uint32_t key, const char *chain)
{
	const struct table_element *element = find(world, set, key);
	assert_non_null(element);
	assert_string_equal(element->chain, chain);
	assert_true(has_chain(world, chain));
}

static void what_is_built_is_read(void **state)
{
	struct world world = build(text);
	const struct ids *ids = &world.snapshot->plan->ids;
	struct ids got = {0};
	(void)state;
	assert_int_equal(table_read_ids(&got), 0);
	assert_int_equal(got.count, ids->count);
	for (size_t i = 0; i < ids->count; i++) {
		const struct outcome *want = &ids->items[i];
		const struct outcome *found = ids_find(&got, want->kind, want->name);
		assert_non_null(found);
		assert_int_equal(found->id, want->id);
		assert_int_equal(found->minor, want->minor);
	}
	ids_fini(&got);
	end(&world);
}

/* default 1, web 2, reject 3, queued web 4, call t 5, call a-call 6 */
static void sets_of_queued_classes(void **state)
{
	struct world world = build(text);
	(void)state;
	assert_non_null(find(&world, "settled", 0x00020000));
	assert_null(find(&world, "settled", 0x00040000));
	assert_non_null(find(&world, "inspect", 0x00040000));
	assert_null(find(&world, "inspect", 0x00020000));
	assert_int_equal(find(&world, "classid", 0x00040000)->value, 0x00010011);
	assert_int_equal(find(&world, "classid", 0x00020000)->value, 0x00010011);
	expect_goto(&world, "store", NFSHAPER_PRIORITY | 4, "id_4");
	expect_goto(&world, "refused", 0x00030000, "refuse_reject");
	/* Every question that comes back was answered by nobody. */
	expect_goto(&world, "store", NFSHAPER_ASK_NEW, "undecided");
	expect_goto(&world, "store", NFSHAPER_ASK_ALIVE, "undecided");
	expect_goto(&world, "store", NFSHAPER_ASK_ORIGINAL, "undecided");
	expect_goto(&world, "store", NFSHAPER_ASK_REPLY, "undecided");
	expect_goto(&world, "store", NFSHAPER_ANSWER_REJECT, "refuse_packet");
	expect_goto(&world, "store", NFSHAPER_ANSWER_PASS, "called");
	end(&world);
}

/* Ids of calls are no decisions. */
static void sets_of_calls(void **state)
{
	static const char *const decisions[] = {"settled", "refused", "inspect", "classid"};
	struct world world = build(text);
	(void)state;
	for (uint32_t id = 5; id <= 6; id++) {
		char name[16];
		snprintf(name, sizeof(name), "call_%u", id);
		expect_goto(&world, "call", id << 16, name);
		expect_goto(&world, "store", NFSHAPER_ASK_CALL | id, "uncalled");
		expect_goto(&world, "store", NFSHAPER_ASK_CALL_ALIVE | id, "uncalled");
		assert_null(find(&world, "store", NFSHAPER_PRIORITY | id));
		for (size_t i = 0; i < 4; i++)
			assert_null(find(&world, decisions[i], id << 16));
	}
	assert_null(find(&world, "call", 0x00040000));
	end(&world);
}

static size_t rules_of(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->model->n_chains; i++)
		if (strcmp(world->model->chains[i]->name, name) == 0)
			return world->model->chains[i]->n_rules;
	return 0;
}

/* Without throttles a packet that is decided meets not one rule more. */
static void without_throttles_nothing_is_asked(void **state)
{
	struct world with = build(text);
	size_t rules = rules_of(&with, "queue_in");
	(void)state;
	end(&with);
	struct world without = build("version: 1\nclasses: {default: {out: 1mbit}}\n");
	assert_int_equal(rules_of(&without, "queue_in"), rules - 2);
	assert_false(has_chain(&without, "call_in"));
	assert_null(find(&without, "call", 0));
	end(&without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(sets_of_queued_classes),
		cmocka_unit_test(sets_of_calls),
		cmocka_unit_test(without_throttles_nothing_is_asked),
	};
	return cmocka_run_group_tests_name("table of throttles", tests, NULL, NULL);
}
