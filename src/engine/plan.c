/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/plan.h"

#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"

#define WORKERS_AUTO_MAX 4

static bool uses_action(const struct config *config, enum config_action action)
{
	for (size_t i = 0; i < config->n_rules; i++)
		if (config->rules[i].action == action)
			return true;
	return false;
}

/* Every distinct outcome of the configuration gets its id. */
static int assign_ids(struct ids *ids, const struct config *config, const struct ids *known)
{
	uint32_t max_id = nfshaper_mask_ids(config->mark_mask);
	int error = 0;
	for (size_t i = 0; !error && i < config->n_classes; i++)
		error = ids_assign(ids, known, OUTCOME_CLASS, config->classes[i].name, max_id);
	if (!error && uses_action(config, ACTION_DROP))
		error = ids_assign(ids, known, OUTCOME_DROP, "drop", max_id);
	if (!error && uses_action(config, ACTION_REJECT))
		error = ids_assign(ids, known, OUTCOME_REJECT, "reject", max_id);
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

static void report_overflow(const struct config *config, struct diags *diags)
{
	size_t count = config->n_classes + uses_action(config, ACTION_DROP) +
		       uses_action(config, ACTION_REJECT);
	struct place at = config->mark_mask_at;
	if (!at.line)
		at = (struct place){.file = config->path};
	diag_error(diags, at,
		   "%zu outcomes (classes, drop, reject) do not fit into mark-mask 0x%08x, which "
		   "has room for %u; `mark-mask: 0x%08x` would do",
		   count, config->mark_mask, nfshaper_mask_ids(config->mark_mask),
		   sufficient_mask(config->mark_mask, count));
}

static int plan_ids(struct plan *plan, const struct config *config, const struct ids *known,
		    struct diags *diags)
{
	static const struct ids none;
	if (assign_ids(&plan->ids, config, known) == 0)
		return 0;
	ids_fini(&plan->ids);
	plan->ids_forgotten = true;
	int error = assign_ids(&plan->ids, config, &none);
	if (error)
		report_overflow(config, diags);
	return error;
}

static void plan_classes(struct plan_interface *interface, const struct config *config,
			 const struct ids *ids)
{
	interface->n_classes = config->n_classes;
	interface->classes = xcalloc(config->n_classes, sizeof(*interface->classes));
	for (size_t i = 0; i < config->n_classes; i++) {
		const struct config_class *class = &config->classes[i];
		struct class_rates rates = config_class_out(class, interface->out_bps);
		interface->classes[i] = (struct plan_class){
			.name = ids->items[i].name,
			.minor = ids->items[i].minor,
			.priority = class->priority,
			.rate_bps = rates.rate_bps,
			.ceil_bps = rates.ceil_bps,
		};
	}
}

static void plan_interfaces(struct plan *plan, const struct config *config)
{
	plan->interfaces = xcalloc(config->n_interfaces, sizeof(*plan->interfaces));
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *from = &config->interfaces[i];
		if (!from->out_bps)
			continue;
		struct plan_interface *to = &plan->interfaces[plan->n_interfaces++];
		*to = (struct plan_interface){
			.name = xstrdup(from->name),
			.out_bps = from->out_bps,
			.leaf = from->leaf,
			.replace = from->replace,
		};
		plan_classes(to, config, &plan->ids);
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

struct plan *plan_new(const struct config *config, const struct ids *known, struct diags *diags)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	if (plan_ids(plan, config, known, diags)) {
		plan_free(plan);
		return NULL;
	}
	plan->mark_mask = config->mark_mask;
	plan_interfaces(plan, config);
	plan->n_management = config->n_management;
	plan->management = xcalloc(config->n_management, sizeof(*plan->management));
	memcpy(plan->management, config->management,
	       config->n_management * sizeof(*plan->management));
	plan->queue_first = config->queue.first;
	plan->workers = count_workers(config->queue.workers);
	plan->queue_length = config->queue.length;
	plan->fail_open = config->queue.fail_open;
	return plan;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_interfaces; i++) {
		free(plan->interfaces[i].name);
		free(plan->interfaces[i].classes);
	}
	free(plan->interfaces);
	free(plan->management);
	ids_fini(&plan->ids);
	free(plan);
}
