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

#define CLASSES                                                                                    \
	INTERFACE "classes: {default: {out: 1mbit}, web: {out: 2mbit}, slow: {out: 32kbit}}\n"     \
		  "throttles:\n"                                                                   \
		  "  p: {limit: 5/1}\n"                                                            \
		  "  c: {limit: 5/1, count: connections}\n"                                        \
		  "rules:\n"

/* The classes that have a second id for connections whose packets stay queued, in their order. */
static char *queued_classes(const struct plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	for (size_t i = 0; i < plan->ids.count; i++)
		if (plan->ids.items[i].kind == OUTCOME_QUEUED)
			fprintf(out, " %s", plan->ids.items[i].name);
	fclose(out);
	return text;
}

static void classes_whose_packets_stay_queued(void **state)
{
	static const struct {
		const char *rules, *queued;
	} cases[] = {
		/* nothing counts packets */
		{"  - {if: dport == 1, class: web}\n", ""},
		{"  - {if: dport == 1, throttle: c}\n", ""},
		{"  - {if: dport == 1, throttle: c, class: web, over: class slow}\n", ""},
		/* the class of the rule itself, and of its `over` */
		{"  - {if: dport == 1, throttle: p, class: web}\n", " web"},
		{"  - {if: dport == 1, throttle: p, class: web, over: class slow}\n", " web slow"},
		{"  - {if: dport == 1, throttle: p, class: web, over: class web}\n", " web"},
		{"  - {if: dport == 1, throttle: p, class: web, over: reject}\n", " web"},
		/* what can settle a connection behind it, and the default */
		{"  - {if: dport == 1, throttle: p}\n", " default"},
		{"  - {if: dport == 1, throttle: p}\n"
		 "  - {if: dport == 2, class: web}\n",
		 " default web"},
		{"  - {if: dport == 1, throttle: p}\n"
		 "  - {if: dport == 2, action: accept}\n",
		 " default"},
		{"  - {if: dport == 1, throttle: p}\n"
		 "  - {if: dport == 2, action: drop}\n",
		 " default"},
		{"  - {if: dport == 1, throttle: p, over: class slow}\n", " default slow"},
		{"  - {if: dport == 1, throttle: p}\n"
		 "  - {if: dport == 2, throttle: c, class: web, over: class slow}\n",
		 " default web slow"},
		/* not what comes before it, nor behind one that settles */
		{"  - {if: dport == 1, class: web}\n"
		 "  - {if: dport == 2, throttle: p}\n",
		 " default"},
		{"  - {if: dport == 1, throttle: p, class: web}\n"
		 "  - {if: dport == 2, class: slow}\n",
		 " web"},
		{"  - {if: dport == 1, throttle: c, class: web, over: class slow}\n"
		 "  - {if: dport == 2, throttle: p, class: web}\n",
		 " web"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		snprintf(text, sizeof(text), CLASSES "%s", cases[i].rules);
		struct snapshot *snapshot = fixture_snapshot(text, &none);
		char *queued = queued_classes(snapshot->plan);
		if (strcmp(queued, cases[i].queued) != 0)
			fail_msg("%sare queued:%s", cases[i].rules, queued);
		free(queued);
		snapshot_free(snapshot);
	}
}

static void throttles_have_ids_too(void **state)
{
	static const char text[] = CLASSES "  - {if: dport == 1, throttle: p, class: web, over: "
					   "reject}\n";
	struct ids known = {0};
	(void)state;
	struct snapshot *snapshot = fixture_snapshot(text, &none);
	const struct plan *plan = snapshot->plan;
	/* A refusal of single packets is never stored. */
	assert_int_equal(plan->ids.count, 6);
	assert_outcome(plan, 3, 4, OUTCOME_QUEUED, "web", 0x11);
	assert_outcome(plan, 4, 5, OUTCOME_CALL, "p", 0);
	assert_outcome(plan, 5, 6, OUTCOME_CALL, "c", 0);
	assert_int_equal(snapshot->rules[0].id, 2);
	assert_int_equal(snapshot->rules[0].queued_id, 4);
	assert_int_equal(snapshot->default_queued_id, 0);
	snapshot_free(snapshot);
	/* All of them stay. */
	ids_add(&known, &(struct outcome){3, OUTCOME_QUEUED, (char *)"web", 0x11});
	ids_add(&known, &(struct outcome){2, OUTCOME_CALL, (char *)"web", 0});
	ids_add(&known, &(struct outcome){9, OUTCOME_CALL, (char *)"p", 0});
	ids_add(&known, &(struct outcome){4, OUTCOME_CLASS, (char *)"web", 0x13});
	snapshot = fixture_snapshot(text, &known);
	plan = snapshot->plan;
	assert_false(plan->ids_forgotten);
	assert_outcome(plan, 0, 1, OUTCOME_CLASS, "default", 0x10);
	assert_outcome(plan, 1, 4, OUTCOME_CLASS, "web", 0x13);
	assert_outcome(plan, 2, 5, OUTCOME_CLASS, "slow", 0x11);
	assert_outcome(plan, 3, 3, OUTCOME_QUEUED, "web", 0x13);
	assert_outcome(plan, 4, 9, OUTCOME_CALL, "p", 0);
	assert_outcome(plan, 5, 6, OUTCOME_CALL, "c", 0);
	snapshot_free(snapshot);
	ids_fini(&known);
}

/* Also those of throttles made by command. */
static void throttles_count_for_the_mask(void **state)
{
	struct snapshot_known known = {0};
	struct diags diags;
	char text[2048], tag[16];
	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(tag, sizeof(tag), "made-%d", i);
		throttle_list_add(&known.throttles,
				  &(struct throttle_item){.tag = tag, .by_command = true});
	}
	snprintf(text, sizeof(text), "%smark-mask: 0x0000000f\n",
		 CLASSES "  - {if: dport == 1, throttle: p}\n"); /* 3 classes, 1 queued, 2 calls */
	diags_init(&diags);
	assert_null(fixture_load_known(text, &known, &diags));
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.items[0].line, 9);
	assert_non_null(strstr(diags.items[0].message, "16 outcomes"));
	assert_non_null(strstr(diags.items[0].message, "`mark-mask: 0x0000001f` would do"));
	diags_fini(&diags);
	/* With one less they fit. */
	throttle_list_remove(&known.throttles, 0);
	snapshot_free(fixture_snapshot_known(text, &known));
	throttle_list_fini(&known.throttles);
}

/* Living connections bear the ids of the plan before for a while. */
static void ids_of_the_plan_before_are_kept(void **state)
{
	static const char other[] = "version: 1\n"
				    "interfaces: {wan0: {out: 10mbit}}\n"
				    "classes: {new: {out: 1mbit}}\n"
				    "rules: [{name: r, if: dport == 1, action: drop}]\n";
	(void)state;
	struct snapshot *before = fixture_snapshot(three_classes, &none);
	struct snapshot *now = fixture_snapshot(other, &before->plan->ids);
	struct plan *plan = now->plan;
	size_t own = plan->ids.count;
	plan_keep(plan, before->plan);
	assert_int_equal(plan->n_own_ids, own);
	for (size_t i = 0; i < before->plan->ids.count; i++) {
		const struct outcome *old = &before->plan->ids.items[i];
		const struct outcome *kept = ids_by_id(&plan->ids, old->id);
		assert_non_null(kept);
		assert_string_equal(kept->name, old->name);
		assert_int_equal(kept->minor, old->minor);
		bool is_in_both =
			strcmp(old->name, "default") == 0 || strcmp(old->name, "drop") == 0;
		assert_int_equal(plan_is_kept(plan, kept), !is_in_both);
	}
	assert_false(plan_is_kept(plan, ids_find(&plan->ids, OUTCOME_CLASS, "new")));
	/* Once more: nothing is there twice. */
	size_t all = plan->ids.count;
	plan_keep(plan, before->plan);
	assert_int_equal(plan->ids.count, all);
	snapshot_free(now);
	snapshot_free(before);
}

static void classes_have_their_rates(void **state)
{
	(void)state;
	struct snapshot *snapshot = fixture_snapshot(three_classes, &none);
	const struct plan_interface *interface = &snapshot->plan->interfaces[0];
	assert_int_equal(snapshot->plan->n_interfaces, 1);
	assert_string_equal(interface->name, "wan0");
	assert_int_equal(interface->line_bps, 10000000);
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
		cmocka_unit_test(classes_whose_packets_stay_queued),
		cmocka_unit_test(throttles_have_ids_too),
		cmocka_unit_test(throttles_count_for_the_mask),
		cmocka_unit_test(ids_of_the_plan_before_are_kept),
		cmocka_unit_test(classes_have_their_rates),
	};
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
