/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/ownership.h"

#include <errno.h>
#include <string.h>

#include "owner/owners.h"
#include "util/alloc.h"

int ownership_open(struct daemon *daemon, const struct snapshot *snapshot, char **ret_why)
{
	if (snapshot_owner_level(snapshot) == OWNER_NOTHING)
		return 0;
	if (!daemon->owners)
		daemon->owners = owners_new(ret_why);
	if (!daemon->owners)
		return -errno;
	owners_hurry(daemon->owners);
	int error = 0;
	for (unsigned i = 0; daemon->workers && !error && i < snapshot->plan->workers; i++)
		error = worker_use_owners(daemon->workers[i], daemon->owners);
	if (error)
		*ret_why = xasprintf("owners of connections cannot be found: %s", strerror(-error));
	return error;
}

void ownership_close(struct daemon *daemon)
{
	owners_free(daemon->owners);
	daemon->owners = NULL;
}

static json_int_t load(const _Atomic uint64_t *counter)
{
	return (json_int_t)atomic_load_explicit(counter, memory_order_relaxed);
}

json_t *ownership_json(const struct daemon *daemon)
{
	static const struct owner_counters none;
	const struct owner_counters *counters =
		daemon->owners ? owners_counters(daemon->owners) : &none;
	const char *why = "nothing asks for them";
	const char *source = daemon->owners ? owners_source(daemon->owners, &why) : "off";
	json_int_t waiting = 0, late = 0;
	for (unsigned i = 0; i < daemon->snapshot->plan->workers; i++) {
		waiting += load(&worker_counters(daemon->workers[i])->waiting);
		late += load(&worker_counters(daemon->workers[i])->late);
	}
	return json_pack("{s:s, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "source", source, "why",
			 why, "lookups", load(&counters->lookups), "hits", load(&counters->hits),
			 "misses", load(&counters->misses), "searches", load(&counters->searches),
			 "unknown", load(&counters->unknown), "waiting", waiting, "late", late);
}
