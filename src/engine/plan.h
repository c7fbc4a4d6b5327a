/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel is to be made to do: the table, the ids and the classes, as plain numbers and
 * names. kernel/ builds from a plan and knows nothing of rules or files. A plan is never changed
 * after plan_new(); everything in it belongs to it.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "engine/ids.h"
#include "engine/throttle_list.h"

struct plan_class {
	const char *name; /* borrowed from the plan's outcomes */
	uint16_t minor;
	unsigned priority;
	uint64_t rate_bps; /* bit/s */
	uint64_t ceil_bps;
};

struct plan_interface {
	char *name;
	uint64_t out_bps; /* bit/s; always more than 0: others are not in the plan */
	enum config_leaf leaf;
	bool replace;
	struct plan_class *classes; /* [0] is class default */
	size_t n_classes;
};

struct plan {
	uint32_t mark_mask;
	struct ids ids;     /* all outcomes, and calls; [0] is class default */
	bool ids_forgotten; /* those of the earlier run could not be kept */
	struct plan_interface *interfaces;
	size_t n_interfaces;
	struct config_management *management;
	size_t n_management;
	uint16_t queue_first;
	unsigned workers; /* each has a queue for first packets; behind these, as many for the rest */
	uint32_t queue_length; /* packets */
	bool fail_open;
	bool counts_connections; /* some rule's throttle does: it matters what is confirmed */
};

/*
 * `known` are the ids of an earlier run, which keep their meaning; may be empty. Where they leave
 * too little room, they are forgotten and plan->ids_forgotten is set: the marks of living
 * connections then mean nothing any more. More outcomes than the mask has room for are an error
 * in *diags, and the result is NULL.
 */
struct plan *plan_new(const struct config *config, const struct throttle_list *throttles,
		      const struct ids *known, struct diags *diags);
void plan_free(struct plan *plan);

#endif
