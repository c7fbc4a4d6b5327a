/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes in: the ways that a plan takes, and the table for each. */
#include "fixture.h"

#include <linux/if.h>
#include <string.h>

#include "kernel/table_build.h"
#include "kernel/table_model.h"

#define CLASSES                                                                                    \
	"classes: {default: {in: {rate: 1mbit, ceil: 100%}}, web: {in: {rate: 1mbit, ceil: "       \
	"2mbit}}}\n"                                                                               \
	"rules: [{if: dport == 80, class: web}]\n"

struct world {
	struct snapshot *snapshot;
	struct table_model *model;
};

/* `interfaces` in the braces of the key. */
static struct world build(const char *interfaces, bool lacks_ifb)
{
	struct snapshot_known known = {.lacks_ifb = lacks_ifb};
	struct world world;
	char text[1024];
	snprintf(text, sizeof(text), "version: 1\ninterfaces: {%s}\n%s", interfaces, CLASSES);
	world.snapshot = fixture_snapshot_known(text, &known);
	world.model = table_build(world.snapshot->plan, QUEUE_NATIVE);
	return world;
}

static void end(struct world *world)
{
	table_model_free(world->model);
	snapshot_free(world->snapshot);
}

static const struct table_chain *find_chain(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->model->n_chains; i++)
		if (strcmp(world->model->chains[i]->name, name) == 0)
			return world->model->chains[i];
	return NULL;
}

static const struct table_set *find_set(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->model->n_sets; i++)
		if (strcmp(world->model->sets[i]->name, name) == 0)
			return world->model->sets[i];
	return NULL;
}

static const struct table_set *get_set(const struct world *world, const char *name)
{
	const struct table_set *set = find_set(world, name);
	if (!set)
		fail_msg("there is no set %s", name);
	return set;
}

static void assert_rules(const struct world *world, const char *name, const char *expected)
{
	const struct table_chain *chain = find_chain(world, name);
	char text[1024] = "";
	if (!chain)
		fail_msg("there is no chain %s", name);
	for (size_t i = 0; i < chain->n_rules; i++) {
		strcat(text, chain->rules[i]->text);
		strcat(text, "\n");
	}
	assert_string_equal(text, expected);
}

static void assert_way(const struct world *world, size_t position, enum plan_way way,
		       const char *name, const char *of)
{
	const struct plan *plan = world->snapshot->plan;
	assert_true(position < plan->n_interfaces);
	assert_int_equal(plan->interfaces[position].way, way);
	assert_string_equal(plan->interfaces[position].name, name);
	assert_string_equal(plan->interfaces[position].of, of);
}

static void auto_is_what_the_kernel_can(void **state)
{
	(void)state;
	struct world world = build("wan0: {out: 5mbit, in: 10mbit}", false);
	assert_int_equal(world.snapshot->plan->n_interfaces, 2);
	assert_way(&world, 0, PLAN_OUT, "wan0", "wan0");
	assert_way(&world, 1, PLAN_IFB, "ifb-wan0", "wan0");
	end(&world);
	world = build("wan0: {out: 5mbit, in: 10mbit}", true);
	assert_int_equal(world.snapshot->plan->n_interfaces, 2);
	assert_way(&world, 1, PLAN_POLICE, "wan0", "wan0");
	end(&world);
	/* What the file says is what is tried. */
	world = build("wan0: {in: 10mbit, in-via: ifb}", true);
	assert_way(&world, 0, PLAN_IFB, "ifb-wan0", "wan0");
	end(&world);
	world = build("wan0: {in: 10mbit, in-via: police}", false);
	assert_way(&world, 0, PLAN_POLICE, "wan0", "wan0");
	end(&world);
}

/* Names fit, and long ones that begin alike differ. */
static void names_of_ifb_devices(void **state)
{
	char a[IFNAMSIZ], b[IFNAMSIZ];
	(void)state;
	assert_string_equal(plan_ifb_name("ppp0", a), "ifb-ppp0");
	assert_string_equal(plan_ifb_name("wlan0123456", a), "ifb-wlan0123456");
	plan_ifb_name("enp3s0f1np1.100", a);
	plan_ifb_name("enp3s0f1np1.101", b);
	assert_int_equal(strlen(a), IFNAMSIZ - 1);
	assert_memory_equal(a, "ifb-enp3s0f", 11);
	assert_string_not_equal(a, b);
}

static void nothing_for_what_is_not_asked(void **state)
{
	(void)state;
	struct world world = build("wan0: {out: 5mbit}", false);
	assert_null(find_chain(&world, "clear_mark"));
	assert_null(find_chain(&world, "police_in"));
	assert_null(find_set(&world, "policed"));
	end(&world);
}

/* The mark that HTB was told by is not left in the packet. */
static void marks_behind_an_ifb_device(void **state)
{
	(void)state;
	struct world world = build("wan0: {in: 10mbit, in-via: ifb}, wan1: {out: 1mbit}", false);
	const struct table_set *through = get_set(&world, "through_ifb");
	assert_int_equal(through->n_elements, 1);
	assert_string_equal(through->elements[0].name, "wan0");
	assert_int_equal(find_chain(&world, "clear_mark")->hook->priority, -310);
	assert_rules(&world, "clear_mark",
		     "iifname @through_ifb meta mark set meta mark & 0x00ffffff\n");
	end(&world);
}

/* Each class its ceil and then the line; what has the line for a ceil, only that. */
static void policed_classes(void **state)
{
	(void)state;
	struct world world = build("wan0: {in: 10mbit, in-via: police}", false);
	const struct table_set *map = get_set(&world, "police_map_0");
	assert_int_equal(map->n_elements, 2);
	assert_int_equal(map->elements[1].key, 0x02000000);
	assert_string_equal(map->elements[1].chain, "police_0_11");
	assert_string_equal(get_set(&world, "policed")->elements[0].chain, "police_0");
	assert_rules(&world, "police_0",
		     "ct mark & 0xff000000 vmap @police_map_0\n"
		     "goto police_0_10\n");
	assert_rules(&world, "police_0_10",
		     "jump police_0_line\n"
		     "counter name police_0_10_passed\n");
	assert_rules(&world, "police_0_11",
		     "limit rate over 250000 bytes/second counter name police_0_11_drops drop\n"
		     "jump police_0_line\n"
		     "counter name police_0_11_passed\n");
	assert_rules(&world, "police_0_line",
		     "limit rate over 1250000 bytes/second counter name police_0_1_drops drop\n");
	/* Not of what leaves, and behind the store chains. */
	assert_int_equal(find_chain(&world, "police_in")->hook->priority, 12);
	assert_int_equal(find_chain(&world, "police_forward")->hook->priority, 12);
	assert_null(find_chain(&world, "police_out"));
	end(&world);
}

/* Only what came in by the shaped interface gets a class at the inside. */
static void shaped_at_the_inside(void **state)
{
	(void)state;
	struct world world = build("wan0: {in: 10mbit, in-via: [lan0, lan1]}", false);
	const struct table_set *map = get_set(&world, "classid_1");
	assert_way(&world, 0, PLAN_INSIDE, "lan0", "wan0");
	assert_way(&world, 1, PLAN_INSIDE, "lan1", "wan0");
	assert_int_equal(get_set(&world, "shaped")->n_elements, 0);
	assert_int_equal(map->n_elements, 2);
	assert_int_equal(map->elements[1].key, 0x02000000);
	assert_int_equal(map->elements[1].value, 0x00010011);
	assert_rules(&world, "classify",
		     "oifname @shaped goto set_class\n"
		     "iifname \"wan0\" oifname \"lan0\" goto set_class_0\n"
		     "iifname \"wan0\" oifname \"lan1\" goto set_class_1\n");
	assert_rules(&world, "set_class_1",
		     "meta priority set 1:10\n"
		     "meta priority set ct mark & 0xff000000 map @classid_1\n");
	end(&world);
}

/* A class of one interface is on the others' HTB in no way. */
static void classes_of_one_interface(void **state)
{
	(void)state;
	struct snapshot *snapshot = fixture_snapshot(
		"version: 1\n"
		"interfaces: {wan0: {out: 5mbit, in: 5mbit}, wan1: {out: 5mbit, in: 5mbit}}\n"
		"classes: {default: {out: 1mbit}, web: {out: 1mbit, interface: wan1}}\n"
		"rules: [{if: dport == 80, class: web}]\n",
		&(struct ids){0});
	const struct plan *plan = snapshot->plan;
	(void)state;
	assert_int_equal(plan->n_interfaces, 4);
	for (size_t i = 0; i < plan->n_interfaces; i++) {
		bool is_wan1 = strcmp(plan->interfaces[i].of, "wan1") == 0;
		assert_int_equal(plan->interfaces[i].n_classes, is_wan1 ? 2 : 1);
	}
	snapshot_free(snapshot);
}

static void lines(void **state)
{
	(void)state;
	struct world world =
		build("wan0: {out: 5mbit, in: 10mbit, overhead: 44, link: atm, leaf: sfq}", false);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(world.snapshot->plan->interfaces[i].overhead, 44);
		assert_int_equal(world.snapshot->plan->interfaces[i].link, LINK_ATM);
		assert_int_equal(world.snapshot->plan->interfaces[i].leaf, LEAF_SFQ);
	}
	assert_int_equal(world.snapshot->plan->interfaces[0].line_bps, 5000000);
	assert_int_equal(world.snapshot->plan->interfaces[1].line_bps, 10000000);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_is_what_the_kernel_can),
		cmocka_unit_test(names_of_ifb_devices),
		cmocka_unit_test(nothing_for_what_is_not_asked),
		cmocka_unit_test(marks_behind_an_ifb_device),
		cmocka_unit_test(policed_classes),
		cmocka_unit_test(shaped_at_the_inside),
		cmocka_unit_test(classes_of_one_interface),
		cmocka_unit_test(lines),
	};
	return cmocka_run_group_tests_name("what comes in", tests, NULL, NULL);
}
