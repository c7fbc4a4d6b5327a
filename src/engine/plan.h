/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel is to be made to do: the table, the ids and the classes, as plain numbers and
 * names. kernel/ builds from a plan and knows nothing of rules or files. Nothing but plan_keep()
 * changes a plan after plan_new(), before anybody else knows it; everything in it belongs to it.
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

/* How one direction of an interface of the file is shaped. */
enum plan_way {
	PLAN_OUT,    /* HTB on the interface itself */
	PLAN_IFB,    /* what comes in is sent through HTB on an IFB device */
	PLAN_INSIDE, /* what came in is shaped where it leaves to the inside: HTB there */
	PLAN_POLICE, /* what comes in and exceeds a ceil is dropped, by the table: no HTB */
};

struct plan_interface {
	char *name; /* of the device that has the HTB; of the interface where there is none */
	char *of;   /* the interface of the file whose traffic this is */
	enum plan_way way;
	uint64_t line_bps; /* bit/s; always more than 0: others are not in the plan */
	enum config_leaf leaf;
	int overhead; /* bytes for each packet */
	enum config_link link;
	bool replace;
	struct plan_class *classes; /* [0] is class default */
	size_t n_classes;
};

/* True where a device of that name has classes to be made. */
static inline bool plan_has_classes(const struct plan_interface *interface)
{
	return interface->way != PLAN_POLICE;
}

/* `out`, or `in`. */
static inline const char *plan_direction(const struct plan_interface *interface)
{
	return interface->way == PLAN_OUT ? "out" : "in";
}

struct plan {
	uint32_t mark_mask;
	struct ids ids;     /* all outcomes, and calls; [0] is class default; then what is kept */
	size_t n_own_ids;   /* behind these, what plan_keep() has added */
	bool ids_forgotten; /* those of the earlier run could not be kept */
	struct plan_interface *interfaces; /* those of one interface of the file side by side */
	size_t n_interfaces;
	size_t interfaces_capacity;
	struct config_management *management;
	size_t n_management;
	uint16_t queue_first;
	unsigned workers; /* each has a queue for first packets; behind these, as many for the rest
			   */
	uint32_t queue_length; /* packets */
	bool fail_open;
	bool manual_table; /* the table is the user's to load: it is checked, not installed */
};

/*
 * `auto_via` is what `in-via: auto` means here: IN_VIA_IFB or IN_VIA_POLICE.
 *
 * `known` are the ids of an earlier run, which keep their meaning; may be empty. Where they leave
 * too little room, they are forgotten and plan->ids_forgotten is set: the marks of living
 * connections then mean nothing any more. More outcomes than the mask has room for are an error
 * in *diags, and the result is NULL.
 */
struct plan *plan_new(const struct config *config, const struct throttle_list *throttles,
		      const struct ids *known, enum config_in_via auto_via, struct diags *diags);
void plan_free(struct plan *plan);

/*
 * Adds the outcomes of the plan before that this one does not have: living connections bear their
 * ids until they are judged again, so the table goes on to know them. A plan that is made after
 * that is without.
 */
void plan_keep(struct plan *plan, const struct plan *before);

/* True for what plan_keep() has added; `outcome` is one of plan->ids. */
static inline bool plan_is_kept(const struct plan *plan, const struct outcome *outcome)
{
	return (size_t)(outcome - plan->ids.items) >= plan->n_own_ids;
}

/* The IFB device for what comes in by an interface: a name of its own in `buffer` (IFNAMSIZ). */
const char *plan_ifb_name(const char *interface, char *buffer);

#endif
