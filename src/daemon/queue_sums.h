/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DAEMON_QUEUE_SUMS_H
#define DAEMON_QUEUE_SUMS_H

#include <stdint.h>

struct worker;

/* What all queues of all workers have seen so far; `waiting`: now. */
struct queue_sums {
	uint64_t received, verdicts, enobufs, verdict_errors, malformed;
	uint64_t waiting, queue_dropped, socket_dropped;
};

/* Reads a file of the kernel's for each queue. */
struct queue_sums queue_sums(struct worker *const *workers, unsigned n_workers);

#endif
