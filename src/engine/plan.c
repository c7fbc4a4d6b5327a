/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/plan.h"

#include <net/if.h>
#include <nfshaper/mark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"

#define WORKERS_AUTO_MAX 4
#define IFB_PREFIX "ifb-"

static bool uses_action(const struct config *config, enum config_action action)
{
	for (size_t i = 0; i < config->n_rules; i++)
		if (config->rules[i].action == action)
			return true;
	return false;
}

static bool counts_packets(const struct config *config, const struct config_rule *rule)
{
	return rule->has_throttle && !config->throttles[rule->throttle_index].count_connections;
}

/*
 * Which classes a connection can be in whose packets stay queued: those that can settle it behind
 * a rule whose throttle counts packets, and those that such a throttle sends it to.
 */
static bool *find_queued_classes(const struct config *config)
{
	bool *queued = xcalloc(config->n_classes, sizeof(*queued));
	bool goes_on = false;
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct config_rule *rule = &config->rules[i];
		bool counts = counts_packets(config, rule);
		if ((counts || goes_on) &&
		    (rule->action == ACTION_CLASS || rule->action == ACTION_ACCEPT))
			queued[rule->class_index] = true;
		if ((counts || goes_on) && rule->has_throttle && rule->over == ACTION_CLASS)
			queued[rule->over_class_index] = true;
		goes_on |= counts && rule->action == ACTION_CONTINUE;
	}
	queued[0] |= goes_on;
	return queued;
}

/* All distinct outcomes of the configuration, and its calls; to be freed. */
struct wanted {
	enum outcome_kind kind;
	const char *name;
};

static struct wanted *find_wanted(const struct config *config,
				  const struct throttle_list *throttles, size_t *ret_count)
{
	struct wanted *all = xcalloc(2 * config->n_classes + 2 + throttles->count, sizeof(*all));
	bool *queued = find_queued_classes(config);
	size_t count = 0;
	for (size_t i = 0; i < config->n_classes; i++)
		all[count++] = (struct wanted){OUTCOME_CLASS, config->classes[i].name};
	if (uses_action(config, ACTION_DROP))
		all[count++] = (struct wanted){OUTCOME_DROP, "drop"};
	if (uses_action(config, ACTION_REJECT))
		all[count++] = (struct wanted){OUTCOME_REJECT, "reject"};
	for (size_t i = 0; i < config->n_classes; i++)
		if (queued[i])
			all[count++] = (struct wanted){OUTCOME_QUEUED, config->classes[i].name};
	for (size_t i = 0; i < throttles->count; i++)
		all[count++] = (struct wanted){OUTCOME_CALL, throttles->items[i].tag};
	free(queued);
	*ret_count = count;
	return all;
}

/* Classes come first, at their positions in the configuration. */
static int assign_ids(struct ids *ids, const struct wanted *wanted, size_t count, uint32_t mask,
		      const struct ids *known)
{
	int error = 0;
	for (size_t i = 0; !error && i < count; i++)
		error = ids_assign(ids, known, wanted[i].kind, wanted[i].name,
				   nfshaper_mask_ids(mask));
	return error;
}

/* The smallest mask with room for `count` ids, keeping the upper end of `mask` where it fits. */
static uint32_t sufficient_mask(uint32_t mask, size_t count)
{
	unsigned bits = NFSHAPER_MASK_BITS_MIN, top = 32 - (unsigned)__builtin_clz(mask);
	while ((1ull << bits) - 1 < count && bits < NFSHAPER_MASK_BITS_MAX)
		bits++;
	return (uint32_t)((1ull << bits) - 1) << (top > bits ? top - bits : 0);
}

static void report_overflow(const struct config *config, size_t count, struct diags *diags)
{
	struct place at = config->mark_mask_at;
	if (!at.line)
		at = (struct place){.file = config->path};
	diag_error(diags, at,
		   "%zu outcomes (classes, drop, reject, and those of throttles) do not fit into "
		   "mark-mask 0x%08x, which has room for %u; `mark-mask: 0x%08x` would do",
		   count, config->mark_mask, nfshaper_mask_ids(config->mark_mask),
		   sufficient_mask(config->mark_mask, count));
}

static int plan_ids(struct plan *plan, const struct config *config,
		    const struct throttle_list *throttles, const struct ids *known,
		    struct diags *diags)
{
	static const struct ids none;
	size_t count;
	struct wanted *wanted = find_wanted(config, throttles, &count);
	int error = assign_ids(&plan->ids, wanted, count, config->mark_mask, known);
	if (error) {
		ids_fini(&plan->ids);
		plan->ids_forgotten = true;
		error = assign_ids(&plan->ids, wanted, count, config->mark_mask, &none);
	}
	if (error)
		report_overflow(config, count, diags);
	free(wanted);
	return error;
}

static void plan_classes(struct plan_interface *to, const struct config *config,
			 const struct config_interface *from, const struct ids *ids)
{
	to->classes = xcalloc(config->n_classes, sizeof(*to->classes));
	for (size_t i = 0; i < config->n_classes; i++) {
		const struct config_class *class = &config->classes[i];
		struct class_rates rates = to->way == PLAN_OUT
						   ? config_class_out(class, to->line_bps)
						   : config_class_in(class, to->line_bps);
		if (!config_class_is_on(class, from))
			continue;
		to->classes[to->n_classes++] = (struct plan_class){
			.name = ids->items[i].name,
			.minor = ids->items[i].minor,
			.priority = class->priority,
			.rate_bps = rates.rate_bps,
			.ceil_bps = rates.ceil_bps,
		};
	}
}

static void add_interface(struct plan *plan, const struct config *config,
			  const struct config_interface *from, enum plan_way way, const char *name)
{
	plan->interfaces = array_grow(plan->interfaces, plan->n_interfaces,
				      &plan->interfaces_capacity, sizeof(*plan->interfaces));
	struct plan_interface *to = &plan->interfaces[plan->n_interfaces++];
	*to = (struct plan_interface){
		.name = xstrdup(name),
		.of = xstrdup(from->name),
		.way = way,
		.line_bps = way == PLAN_OUT ? from->out_bps : from->in_bps,
		.leaf = from->leaf,
		.overhead = from->overhead,
		.link = from->link,
		.replace = from->replace,
	};
	plan_classes(to, config, from, &plan->ids);
}

const char *plan_ifb_name(const char *interface, char *buffer)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	int room = IFNAMSIZ - 1 - (int)strlen(IFB_PREFIX);
	if ((int)strlen(interface) <= room) {
		snprintf(buffer, IFNAMSIZ, IFB_PREFIX "%s", interface);
		return buffer;
	}
	for (const char *at = interface; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	snprintf(buffer, IFNAMSIZ, IFB_PREFIX "%.*s%04x", room - 4, interface, hash & 0xffff);
	return buffer;
}

static void add_incoming(struct plan *plan, const struct config *config,
			 const struct config_interface *from, enum config_in_via auto_via)
{
	char ifb[IFNAMSIZ];
	switch (from->in.via == IN_VIA_AUTO ? auto_via : from->in.via) {
	case IN_VIA_AUTO:
	case IN_VIA_POLICE:
		add_interface(plan, config, from, PLAN_POLICE, from->name);
		break;
	case IN_VIA_IFB:
		add_interface(plan, config, from, PLAN_IFB, plan_ifb_name(from->name, ifb));
		break;
	case IN_VIA_INTERFACES:
		for (size_t i = 0; i < from->in.n_interfaces; i++)
			add_interface(plan, config, from, PLAN_INSIDE, from->in.interfaces[i]);
		break;
	}
}

static void plan_interfaces(struct plan *plan, const struct config *config,
			    enum config_in_via auto_via)
{
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *from = &config->interfaces[i];
		if (from->out_bps)
			add_interface(plan, config, from, PLAN_OUT, from->name);
		if (from->in_bps)
			add_incoming(plan, config, from, auto_via);
	}
}

/*
 * One worker for two processors: the kernel's half of a new connection (receiving, conntrack, the
 * queue) costs about as much as the worker's (the answer, and within it the rest of the packet's
 * way out). A worker on every processor is in the way of those who fill the queues, since it goes
 * ahead of them (daemon/pace.h).
 */
static unsigned count_workers(unsigned configured)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	long half = (cpus + 1) / 2;
	if (configured)
		return configured;
	return half < 1 ? 1 : half > WORKERS_AUTO_MAX ? WORKERS_AUTO_MAX : (unsigned)half;
}

struct plan *plan_new(const struct config *config, const struct throttle_list *throttles,
		      const struct ids *known, enum config_in_via auto_via, struct diags *diags)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	if (plan_ids(plan, config, throttles, known, diags)) {
		plan_free(plan);
		return NULL;
	}
	plan->n_own_ids = plan->ids.count;
	plan->mark_mask = config->mark_mask;
	plan_interfaces(plan, config, auto_via);
	plan->n_management = config->n_management;
	plan->management = xcalloc(config->n_management, sizeof(*plan->management));
	memcpy(plan->management, config->management,
	       config->n_management * sizeof(*plan->management));
	plan->queue_first = config->queue.first;
	plan->workers = count_workers(config->queue.workers);
	plan->queue_length = config->queue.length;
	plan->fail_open = config->queue.fail_open;
	plan->manual_table = config->manual_ruleset;
	return plan;
}

void plan_keep(struct plan *plan, const struct plan *before)
{
	ids_remember(&plan->ids, &before->ids);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_interfaces; i++) {
		free(plan->interfaces[i].name);
		free(plan->interfaces[i].of);
		free(plan->interfaces[i].classes);
	}
	free(plan->interfaces);
	free(plan->management);
	ids_fini(&plan->ids);
	free(plan);
}
