/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker: one thread, one queue. It reads packets in batches, decides on each, and answers the
 * batch; it takes no lock, allocates nothing and logs nothing on the way.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdint.h>

#include "engine/snapshot.h"
#include "kernel/nfqueue.h"

struct worker_counters {
	_Atomic uint64_t malformed; /* packets that could not be parsed: class default */
	_Atomic uint64_t bridged; /* frames between ports of a bridge, not judged: class default */
};

struct worker;

/*
 * Opens the queue `number`; the thread is not started yet. NULL on failure, with errno (EBUSY:
 * another program has the queue) and *ret_why a sentence, to be freed by the caller. The snapshot
 * must outlive the worker or worker_switch().
 */
struct worker *worker_new(const struct snapshot *snapshot, uint16_t number, char **ret_why);

/* Starts the thread. 0 or negative errno. */
int worker_start(struct worker *worker);

/*
 * Makes the worker judge by another snapshot, between two of its batches, and returns when it has
 * let go of the one before. The plan's queue settings must be the same. Hits of rules begin anew.
 */
void worker_switch(struct worker *worker, const struct snapshot *snapshot);

/*
 * Answers what still waits in the queue, then ends the thread. The queue stays bound. Call it
 * after the rules that feed the queue are gone. Nothing to do where the thread was not started.
 */
void worker_stop(struct worker *worker);

/* Closes the queue and frees the worker, which must have been stopped. NULL is fine. */
void worker_free(struct worker *worker);

uint16_t worker_queue_number(const struct worker *worker);
int worker_buffer_size(const struct worker *worker); /* bytes */

/* To be read by any thread at any time. */
const struct nfqueue_counters *worker_queue_counters(const struct worker *worker);
const struct worker_counters *worker_counters(const struct worker *worker);
/* How often a rule settled a packet. */
uint64_t worker_rule_hits(const struct worker *worker, size_t rule);

#endif
