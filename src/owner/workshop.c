/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/workshop.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/procfs.h"
#include "util/alloc.h"
#include "util/clock.h"

static void free_nothing(void *value)
{
	(void)value;
}

int workshop_open(struct workshop *shop, struct owner_cache *cache, struct owner_counters *counters)
{
	int error = 0;
	*shop = (struct workshop){
		.proc = PROCFS,
		.cache = cache,
		.counters = counters,
		.table = process_table_new(PROCFS),
		.searched = id_map_new(0, free_nothing),
		.diag = sock_diag_open(),
		.names = xcalloc(1, sizeof(*shop->names)),
	};
	if (!shop->diag)
		error = -errno;
	shop->cgroups = cgroup_open();
	/* First the events, then those that were there before. */
	shop->events = proc_events_open(&shop->why_not);
	owner_cache_set_followed(cache, shop->events != NULL);
	if (shop->events)
		owner_cache_set_events(cache, proc_events_fd(shop->events));
	process_table_scan(shop->table);
	return error;
}

void workshop_close(struct workshop *shop)
{
	proc_events_close(shop->events);
	free(shop->why_not);
	process_table_free(shop->table);
	id_map_free(shop->searched);
	sock_diag_close(shop->diag);
	cgroup_close(shop->cgroups);
	free(shop->names);
}

static void change(const struct proc_change *change, void *data)
{
	process_table_change(data, change);
}

void workshop_follow(struct workshop *shop, uint64_t since_ns)
{
	if (shop->events) {
		owner_cache_set_behind(shop->cache, true);
		/* Which of them have gone on to another program may be lost, too. */
		if (proc_events_read(shop->events, change, shop->table) == -ENOBUFS)
			process_table_rescan(shop->table);
		owner_cache_set_behind(shop->cache, false);
	} else if (shop->scanned_ns <= since_ns) {
		shop->scanned_ns = clock_monotonic_ns();
		process_table_scan(shop->table);
	}
}
