/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/status.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/ownership.h"
#include "daemon/queue_sums.h"
#include "daemon/status_interfaces.h"
#include "daemon/throttle_json.h"
#include "kernel/flowtable.h"
#include "kernel/table.h"
#include "util/alloc.h"

static json_int_t load(const _Atomic uint64_t *counter)
{
	return (json_int_t)atomic_load_explicit(counter, memory_order_relaxed);
}

static json_t *queue_json(const struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	struct queue_sums sums = queue_sums(daemon->workers, plan->workers);
	return json_pack(
		"{s:s, s:i, s:i, s:i, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "path",
		queue_path_text(daemon->features.queue_path), "workers", (int)plan->workers,
		"first", (int)plan->queue_first, "length", (int)plan->queue_length, "buffer_bytes",
		worker_buffer_size(daemon->workers[0]), "on_failure",
		plan->fail_open ? "open" : "closed", "received", (json_int_t)sums.received,
		"verdicts", (json_int_t)sums.verdicts, "waiting", (json_int_t)sums.waiting,
		"queue_dropped", (json_int_t)sums.queue_dropped, "socket_dropped",
		(json_int_t)sums.socket_dropped, "enobufs", (json_int_t)sums.enobufs, "malformed",
		(json_int_t)sums.malformed, "verdict_errors", (json_int_t)sums.verdict_errors);
}

/* What it offers; `ifb` is null where nothing has asked for it. */
static json_t *kernel_json(const struct daemon *daemon)
{
	const struct incoming *incoming = &daemon->incoming;
	struct utsname system;
	uname(&system);
	return json_pack("{s:s, s:s, s:o, s:s?}", "release", system.release, "queue",
			 queue_path_text(daemon->features.queue_path), "ifb",
			 incoming->is_probed ? json_boolean(incoming->can_ifb) : json_null(),
			 "ifb_why", incoming->why);
}

static json_t *not_judged_json(const struct daemon *daemon)
{
	struct table_counters counters;
	json_int_t bridged = 0;
	for (unsigned i = 0; i < daemon->snapshot->plan->workers; i++)
		bridged += load(&worker_counters(daemon->workers[i])->bridged);
	if (table_read_counters(&counters))
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "exempt", (json_int_t)counters.exempt, "untracked",
			 (json_int_t)counters.untracked, "undecided",
			 (json_int_t)counters.undecided, "bridged", bridged);
}

static void add_flowtable(const char *text, void *data)
{
	json_array_append_new(data, json_string(text));
}

static json_t *flowtables_json(void)
{
	json_t *list = json_array();
	flowtable_find(add_flowtable, list);
	return list;
}

static json_t *rules_json(const struct daemon *daemon)
{
	const struct config *config = daemon->snapshot->config;
	json_t *list = json_array();
	for (size_t rule = 0; rule < config->n_rules; rule++) {
		json_int_t hits = 0, over = 0;
		for (unsigned i = 0; i < daemon->snapshot->plan->workers; i++) {
			struct worker_rule_figures figures =
				worker_rule_figures(daemon->workers[i], rule);
			hits += (json_int_t)figures.hits;
			over += (json_int_t)figures.over;
		}
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:I}", "rule", config->rules[rule].name,
						"hits", hits, "over", over));
	}
	return list;
}

static json_t *throttles_json(const struct snapshot *snapshot)
{
	json_t *list = json_array();
	for (size_t i = 0; i < snapshot->list.count; i++)
		json_array_append_new(list, throttle_status_json(&snapshot->list.items[i],
								 snapshot->throttles[i]));
	return list;
}

json_t *status_json(struct daemon *daemon)
{
	return json_pack("{s:s, s:i, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "version", PACKAGE_VERSION, "pid", (int)getpid(), "config",
			 daemon->options->config_file, "config_is_copy", daemon->confirm.is_copy,
			 "confirm", confirm_json(daemon), "remark", remark_json(&daemon->remark),
			 "kernel", kernel_json(daemon), "queue", queue_json(daemon), "not_judged",
			 not_judged_json(daemon), "owners", ownership_json(daemon), "interfaces",
			 status_interfaces_json(daemon), "flowtables", flowtables_json(),
			 "throttles", throttles_json(daemon->snapshot), "rules",
			 rules_json(daemon));
}
