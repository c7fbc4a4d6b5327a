/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/status.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/throttle_json.h"
#include "kernel/shaper.h"
#include "kernel/table.h"
#include "util/alloc.h"

static json_int_t load(const _Atomic uint64_t *counter)
{
	return (json_int_t)atomic_load_explicit(counter, memory_order_relaxed);
}

struct queue_sums {
	json_int_t received, verdicts, enobufs, malformed, verdict_errors, waiting, queue_dropped,
		socket_dropped;
};

static void add_worker(struct queue_sums *sums, const struct worker *worker)
{
	for (unsigned i = 0; i < WORKER_QUEUES; i++) {
		const struct nfqueue_counters *queue = worker_queue_counters(worker, i);
		struct nfqueue_kernel_figures figures = {0};
		sums->verdicts += load(&queue->verdicts); /* before received: never more */
		sums->received += load(&queue->received);
		sums->enobufs += load(&queue->enobufs);
		sums->verdict_errors += load(&queue->verdict_errors);
		nfqueue_read_figures(worker_queue_number(worker, i), &figures);
		sums->waiting += (json_int_t)figures.waiting;
		sums->queue_dropped += (json_int_t)figures.queue_dropped;
		sums->socket_dropped += (json_int_t)figures.user_dropped;
	}
	sums->malformed += load(&worker_counters(worker)->malformed);
}

static json_t *queue_json(const struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	struct queue_sums sums = {0};
	for (unsigned i = 0; i < plan->workers; i++)
		add_worker(&sums, daemon->workers[i]);
	return json_pack(
		"{s:s, s:i, s:i, s:i, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "path",
		queue_path_text(daemon->features.queue_path), "workers", (int)plan->workers,
		"first", (int)plan->queue_first, "length", (int)plan->queue_length, "buffer_bytes",
		worker_buffer_size(daemon->workers[0]), "on_failure",
		plan->fail_open ? "open" : "closed", "received", sums.received, "verdicts",
		sums.verdicts, "waiting", sums.waiting, "queue_dropped", sums.queue_dropped,
		"socket_dropped", sums.socket_dropped, "enobufs", sums.enobufs, "malformed",
		sums.malformed, "verdict_errors", sums.verdict_errors);
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

struct class_list {
	const struct plan_interface *interface;
	json_t **classes; /* one for each of the interface's classes; NULL: the kernel has none */
};

static json_t *class_json(const struct plan_class *class, const struct shaper_stats *stats)
{
	char classid[16];
	snprintf(classid, sizeof(classid), "1:%x", stats->minor);
	return json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
			 class->name, "direction", "out", "classid", classid, "priority",
			 (int)class->priority, "rate_bps", (json_int_t)stats->rate_bps, "ceil_bps",
			 (json_int_t)stats->ceil_bps, "now_bps", (json_int_t)stats->now_bps,
			 "bytes", (json_int_t)stats->bytes, "packets", (json_int_t)stats->packets,
			 "drops", (json_int_t)stats->drops, "backlog_bytes",
			 (json_int_t)stats->backlog_bytes);
}

static void add_class(const struct shaper_stats *stats, void *data)
{
	struct class_list *list = data;
	const struct plan_interface *interface = list->interface;
	for (size_t i = 0; i < interface->n_classes; i++)
		if (interface->classes[i].minor == stats->minor && !list->classes[i])
			list->classes[i] = class_json(&interface->classes[i], stats);
}

/* The classes in the plan's order. */
static json_t *take_classes(struct class_list *list)
{
	json_t *classes = json_array();
	for (size_t i = 0; i < list->interface->n_classes; i++)
		if (list->classes[i])
			json_array_append_new(classes, list->classes[i]);
	free(list->classes);
	return classes;
}

/* `present`: there; `shaped`: nfshaper's qdisc is on it. */
static json_t *interface_json(const struct plan_interface *interface)
{
	struct class_list list = {
		.interface = interface,
		.classes = xcalloc(interface->n_classes, sizeof(json_t *)),
	};
	int error = shaper_read(interface->name, add_class, &list);
	return json_pack("{s:s, s:I, s:n, s:b, s:b, s:o}", "name", interface->name, "rate_bps",
			 (json_int_t)interface->out_bps, "in_via", "present", error != -ENODEV,
			 "shaped", error == 0, "classes", take_classes(&list));
}

static json_t *interfaces_json(const struct plan *plan)
{
	json_t *list = json_array();
	for (size_t i = 0; i < plan->n_interfaces; i++)
		json_array_append_new(list, interface_json(&plan->interfaces[i]));
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

json_t *status_json(const struct daemon *daemon)
{
	return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o}", "version", PACKAGE_VERSION,
			 "pid", (int)getpid(), "config", daemon->options->config_file, "queue",
			 queue_json(daemon), "not_judged", not_judged_json(daemon), "interfaces",
			 interfaces_json(daemon->snapshot->plan), "throttles",
			 throttles_json(daemon->snapshot), "rules", rules_json(daemon));
}
