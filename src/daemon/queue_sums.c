/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/queue_sums.h"

#include <stdatomic.h>

#include "daemon/worker.h"

static uint64_t load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

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
		sums->waiting += figures.waiting;
		sums->queue_dropped += figures.queue_dropped;
		sums->socket_dropped += figures.user_dropped;
	}
	sums->malformed += load(&worker_counters(worker)->malformed);
}

struct queue_sums queue_sums(struct worker *const *workers, unsigned n_workers)
{
	struct queue_sums sums = {0};
	for (unsigned i = 0; i < n_workers; i++)
		add_worker(&sums, workers[i]);
	return sums;
}
