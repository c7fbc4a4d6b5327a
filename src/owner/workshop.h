/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the work at questions needs; for the resolver's thread alone. */
#ifndef OWNER_WORKSHOP_H
#define OWNER_WORKSHOP_H

#include "kernel/cgroup.h"
#include "kernel/proc_events.h"
#include "kernel/sock_diag.h"
#include "owner/lookup.h"
#include "owner/process_table.h"
#include "util/id_map.h"

struct workshop {
	const char *proc;
	struct owner_cache *cache; /* borrowed, as are … */
	struct owner_counters *counters;
	struct process_table *table;
	struct id_map *searched; /* the sockets that are searched for now, to their questions */
	struct sock_diag *diag;
	struct cgroup_tree *cgroups; /* NULL: there are none of version 2 */
	struct proc_events *events;  /* NULL: processes cannot be followed, because … */
	char *why_not;
	uint64_t scanned_ns;       /* when the table was read last, where they are not followed */
	bool is_busy;              /* there is more than one question */
	struct owner_names *names; /* room */
};

/* 0 or a negative errno. All else is opened, even so: workshop_close(). */
int workshop_open(struct workshop *shop, struct owner_cache *cache,
		  struct owner_counters *counters);
void workshop_close(struct workshop *shop);

/*
 * The table is as the processes are now; where they cannot be followed, as they were at `since_ns`
 * or later.
 */
void workshop_follow(struct workshop *shop, uint64_t since_ns);

#endif
