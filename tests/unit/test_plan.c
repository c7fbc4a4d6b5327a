/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ids keep their meaning; a plan holds what the configuration says, in numbers. */
#include "fixture.h"

#include <string.h>

#define INTERFACE "version: 1\ninterfaces: {wan0: {out: 10mbit}}\n"

static const struct ids none;

static const char three_classes[] =
	INTERFACE "classes:\n"
		  "  web: {priority: 1, out: {rate: 4mbit, ceil: 50%}}\n"
		  "  default: {out: {rate: 20%}}\n"
		  "  p2p: {priority: 7, out: 64kbit}\n"
		  "rules:\n"
		  "  - {if: dport == 25, action: reject}\n"
		  "  - {if: dport == 23, action: drop}\n"
		  "  - {if: dport == 80, class: web}\n";

static void assert_outcome(const struct plan *plan, size_t index, uint32_t id,
			   enum outcome_kind kind, const char *name, uint16_t minor)
{
	const struct outcome *outcome = &plan->ids.items[index];
	assert_true(index < plan->ids.count);
	assert_int_equal(outcome->id, id);
	assert_int_equal(outcome->kind, kind);
	assert_string_equal(outcome->name, name);
	assert_int_equal(outcome->minor, minor);
}

static void ids_are_given_in_order(void **state)
{
	(void)state;
	struct snapshot *snapshot = fixture_snapshot(three_classes, &none);
	const struct plan *plan = snapshot->plan;
	assert_int_equal(plan->ids.count, 5);
	assert_outcome(plan, 0, 1, OUTCOME_CLASS, "default", 0x10);
	assert_outcome(plan, 1, 2, OUTCOME_CLASS, "web", 0x11);
	assert_outcome(plan, 2, 3, OUTCOME_CLASS, "p2p", 0x12);
	assert_outcome(plan, 3, 4, OUTCOME_DROP, "drop", 0);
	assert_outcome(plan, 4, 5, OUTCOME_REJECT, "reject", 0);
	assert_int_equal(snapshot->rules[0].id, 5);
	assert_int_equal(snapshot->rules[1].id, 4);
	assert_int_equal(snapshot->rules[2].id, 2);
	assert_int_equal(snapshot->default_id, 1);
	snapshot_free(snapshot);
}

static void known_names_keep_their_ids(void **state)
{
	struct ids known = {0};
	(void)state;
	ids_add(&known, &(struct outcome){9, OUTCOME_CLASS, (char *)"p2p", 0x1f});
	ids_add(&known, &(struct outcome){1, OUTCOME_CLASS, (char *)"gone", 0x11});
	ids_add(&known, &(struct outcome){2, OUTCOME_CLASS, (char *)"default", 0x10});
	struct snapshot *snapshot = fixture_snapshot(three_classes, &known);
	const struct plan *plan = snapshot->plan;
	assert_false(plan->ids_forgotten);
	assert_outcome(plan, 0, 2, OUTCOME_CLASS, "default", 0x10);
	/* neither the id nor the minor of a name that is gone */
	assert_outcome(plan, 1, 3, OUTCOME_CLASS, "web", 0x12);
	assert_outcome(plan, 2, 9, OUTCOME_CLASS, "p2p", 0x1f);
	assert_outcome(plan, 3, 4, OUTCOME_DROP, "drop", 0);
	snapshot_free(snapshot);
	ids_fini(&known);
}

static void ids_that_leave_no_room_are_forgotten(void **state)
{
	struct ids known = {0};
	(void)state;
	for (uint32_t id = 1; id <= 255; id++) {
		char name[16];
		snprintf(name, sizeof(name), "old%u", id);
		ids_add(&known, &(struct outcome){id, OUTCOME_CLASS, name, (uint16_t)(0x100 + id)});
	}
	struct snapshot *snapshot = fixture_snapshot(three_classes, &known);
	assert_true(snapshot->plan->ids_forgotten);
	assert_outcome(snapshot->plan, 0, 1, OUTCOME_CLASS, "default", 0x10);
	snapshot_free(snapshot);
	ids_fini(&known);
}

static void too_many_outcomes_name_the_mask_that_would_do(void **state)
{
	struct diags diags;
	char text[2048];
	(void)state;
	size_t used = (size_t)snprintf(text, sizeof(text), "%s",
				       INTERFACE "mark-mask: 0x00f00000\n"
						 "classes:\n");
	for (int i = 0; i < 15; i++) /* with default: 16 outcomes, room for 15 */
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "  c%d: {out: {rate: 1%%}}\n", i);
	diags_init(&diags);
	assert_null(fixture_load(text, &none, &diags));
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.items[0].line, 3);
	assert_non_null(strstr(diags.items[0].message, "16 outcomes"));
	assert_non_null(strstr(diags.items[0].message, "`mark-mask: 0x00f80000` would do"));
	diags_fini(&diags);
}

static void classes_have_their_rates(void **state)
{
	(void)state;
	struct snapshot *snapshot = fixture_snapshot(three_classes, &none);
	const struct plan_interface *interface = &snapshot->plan->interfaces[0];
	assert_int_equal(snapshot->plan->n_interfaces, 1);
	assert_string_equal(interface->name, "wan0");
	assert_int_equal(interface->out_bps, 10000000);
	assert_int_equal(interface->n_classes, 3);
	assert_int_equal(interface->classes[0].rate_bps, 2000000);
	assert_int_equal(interface->classes[0].ceil_bps, 10000000);
	assert_int_equal(interface->classes[0].priority, 3);
	assert_int_equal(interface->classes[1].rate_bps, 4000000);
	assert_int_equal(interface->classes[1].ceil_bps, 5000000);
	assert_int_equal(interface->classes[1].priority, 1);
	assert_int_equal(interface->classes[2].rate_bps, 64000);
	assert_int_equal(interface->classes[2].ceil_bps, 64000);
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_given_in_order),
		cmocka_unit_test(known_names_keep_their_ids),
		cmocka_unit_test(ids_that_leave_no_room_are_forgotten),
		cmocka_unit_test(too_many_outcomes_name_the_mask_that_would_do),
		cmocka_unit_test(classes_have_their_rates),
	};
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
