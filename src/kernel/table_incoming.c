/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes in by an interface is shaped in one of three ways (enum plan_way).
 *
 * PLAN_INSIDE  HTB is where it leaves to the inside: the class is chosen at postrouting, for what
 *              came in by that interface only. All else leaves unshaped.
 * PLAN_POLICE  Behind the store chains, where also a connection's first packet has its mark, each
 *              class drops what exceeds its ceil, and then the line what exceeds it.
 * PLAN_IFB     HTB has had the packet before it comes here. The action that told HTB the
 *              connection's mark left it in the packet mark, where nobody else is to see it.
 */
#include "kernel/table_incoming.h"

#include <linux/netfilter.h>
#include <stdio.h>

#include "kernel/table.h"
#include "kernel/table_build.h"
#include "kernel/table_rule.h"
#include "nfshaper/mark.h"

#define NAME_MAX_BYTES 48
/* Behind the store chains (11). */
#define POLICE_PRIORITY 12
/* Before connection tracking and everything that reads the packet mark (raw is -300). */
#define CLEAR_PRIORITY (-310)

static const struct table_hook police_hooks[] = {
	{"input", NF_INET_LOCAL_IN, POLICE_PRIORITY},
	{"forward", NF_INET_FORWARD, POLICE_PRIORITY},
};
static const char *const police_chains[] = {"police_in", "police_forward"};
static const struct table_hook clear_hook = {"prerouting", NF_INET_PRE_ROUTING, CLEAR_PRIORITY};

static bool has_way(const struct plan *plan, enum plan_way way)
{
	for (size_t i = 0; i < plan->n_interfaces; i++)
		if (plan->interfaces[i].way == way)
			return true;
	return false;
}

static const struct plan_class *find_class(const struct plan_interface *interface, uint16_t minor)
{
	for (size_t i = 0; i < interface->n_classes; i++)
		if (interface->classes[i].minor == minor)
			return &interface->classes[i];
	return NULL;
}

/* Its classes alone: HTB without a default sends unshaped what names a class that it lacks. */
static struct table_set *build_inside_map(struct build *build,
					  const struct plan_interface *interface, const char *name)
{
	const struct plan *plan = build->plan;
	struct table_set *map =
		table_model_set(build->model, name, TABLE_TYPE_MARK, TABLE_TYPE_CLASSID);
	for (size_t i = 0; i < plan->ids.count; i++) {
		const struct outcome *outcome = &plan->ids.items[i];
		if (outcome_has_class(outcome) && find_class(interface, outcome->minor))
			table_set_add(map, nfshaper_mark(plan->mark_mask, outcome->id),
				      nfshaper_classid(outcome->minor), NULL);
	}
	return map;
}

void table_build_inside(struct build *build, struct table_chain *classify)
{
	const struct plan *plan = build->plan;
	char map[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	for (size_t i = 0; i < plan->n_interfaces; i++) {
		const struct plan_interface *interface = &plan->interfaces[i];
		if (interface->way != PLAN_INSIDE)
			continue;
		snprintf(map, sizeof(map), "classid_%zu", i);
		snprintf(name, sizeof(name), "set_class_%zu", i);
		build_inside_map(build, interface, map);
		struct table_chain *set = table_model_chain(build->model, name, NULL, NULL);
		set_priority(table_chain_rule(set), nfshaper_classid(interface->classes[0].minor));
		set_priority_by_ct_mark(table_chain_rule(set), plan->mark_mask, map);
		struct table_rule *rule = table_chain_rule(classify);
		match_interface(rule, TABLE_INCOMING, interface->of);
		match_interface(rule, TABLE_OUTGOING, interface->name);
		verdict_goto(rule, name);
	}
}

const char *table_police_counter(const char *what, size_t interface, uint16_t minor, char *buffer)
{
	snprintf(buffer, TABLE_POLICE_COUNTER_MAX, "police_%zu_%x_%s", interface, minor, what);
	return buffer;
}

static void count(struct build *build, struct table_rule *rule, const char *what, size_t interface,
		  uint16_t minor)
{
	char counter[TABLE_POLICE_COUNTER_MAX];
	table_police_counter(what, interface, minor, counter);
	table_model_counter(build->model, counter);
	count_named(rule, counter);
}

/* What exceeds the class is dropped and does not count for the line. */
static void build_police_class(struct build *build, size_t index, const struct plan_class *class,
			       const char *chain, const char *line)
{
	const struct plan_interface *interface = &build->plan->interfaces[index];
	struct table_chain *police = table_model_chain(build->model, chain, NULL, NULL);
	struct table_rule *rule;
	if (class->ceil_bps < interface->line_bps) {
		rule = table_chain_rule(police);
		match_above_rate(rule, class->ceil_bps / 8);
		count(build, rule, "drops", index, class->minor);
		verdict_drop(rule);
	}
	verdict_jump(table_chain_rule(police), line);
	count(build, table_chain_rule(police), "passed", index, class->minor);
}

static void build_police_line(struct build *build, size_t index, const char *name)
{
	struct table_chain *line = table_model_chain(build->model, name, NULL, NULL);
	struct table_rule *rule = table_chain_rule(line);
	match_above_rate(rule, build->plan->interfaces[index].line_bps / 8);
	count(build, rule, "drops", index, NFSHAPER_HTB_LINE);
	verdict_drop(rule);
}

/* Marks without a class of this interface are in its default. */
static void build_police_interface(struct build *build, size_t index, struct table_set *policed)
{
	const struct plan *plan = build->plan;
	const struct plan_interface *interface = &plan->interfaces[index];
	char name[NAME_MAX_BYTES], map_name[NAME_MAX_BYTES], chain[NAME_MAX_BYTES];
	char line[NAME_MAX_BYTES];
	snprintf(name, sizeof(name), "police_%zu", index);
	snprintf(map_name, sizeof(map_name), "police_map_%zu", index);
	snprintf(line, sizeof(line), "police_%zu_line", index);
	table_set_add_name(policed, interface->of, name);
	struct table_set *map =
		table_model_set(build->model, map_name, TABLE_TYPE_MARK, TABLE_TYPE_VERDICT);
	build_police_line(build, index, line);
	for (size_t i = 0; i < interface->n_classes; i++) {
		const struct plan_class *class = &interface->classes[i];
		snprintf(chain, sizeof(chain), "police_%zu_%x", index, class->minor);
		build_police_class(build, index, class, chain, line);
		for (size_t k = 0; k < plan->ids.count; k++)
			if (outcome_has_class(&plan->ids.items[k]) &&
			    plan->ids.items[k].minor == class->minor)
				table_set_add(map,
					      nfshaper_mark(plan->mark_mask, plan->ids.items[k].id),
					      0, chain);
	}
	struct table_chain *entry = table_model_chain(build->model, name, NULL, NULL);
	verdict_by_ct_mark(table_chain_rule(entry), plan->mark_mask, map_name);
	snprintf(chain, sizeof(chain), "police_%zu_%x", index, interface->classes[0].minor);
	verdict_goto(table_chain_rule(entry), chain);
}

static void build_police(struct build *build)
{
	const struct plan *plan = build->plan;
	struct table_set *policed =
		table_model_set(build->model, "policed", TABLE_TYPE_IFNAME, TABLE_TYPE_VERDICT);
	for (size_t i = 0; i < plan->n_interfaces; i++)
		if (plan->interfaces[i].way == PLAN_POLICE)
			build_police_interface(build, i, policed);
	for (size_t i = 0; i < sizeof(police_hooks) / sizeof(police_hooks[0]); i++) {
		struct table_chain *chain =
			table_model_chain(build->model, police_chains[i], &police_hooks[i], NULL);
		verdict_by_interface(table_chain_rule(chain), TABLE_INCOMING, "policed");
	}
}

static void build_clear(struct build *build)
{
	const struct plan *plan = build->plan;
	struct table_set *through =
		table_model_set(build->model, "through_ifb", TABLE_TYPE_IFNAME, TABLE_TYPE_NONE);
	struct table_chain *chain =
		table_model_chain(build->model, "clear_mark", &clear_hook, NULL);
	struct table_rule *rule = table_chain_rule(chain);
	for (size_t i = 0; i < plan->n_interfaces; i++)
		if (plan->interfaces[i].way == PLAN_IFB)
			table_set_add_name(through, plan->interfaces[i].of, NULL);
	match_interface_set(rule, TABLE_INCOMING, "through_ifb");
	clear_mark(rule, plan->mark_mask);
}

/* Base chains that are not needed are not there: each costs every packet of its hook. */
void table_build_incoming(struct build *build)
{
	if (has_way(build->plan, PLAN_POLICE))
		build_police(build);
	if (has_way(build->plan, PLAN_IFB))
		build_clear(build);
}
