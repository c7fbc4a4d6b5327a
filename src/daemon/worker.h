/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker: one thread with two queues. The first is for first packets of connections, whole as the
 * kernel has them; the second for packets that throttles count, segment by segment. It reads them
 * in batches, has them judged (judge.h), and answers the batch.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdint.h>

#include "daemon/judge.h"
#include "engine/snapshot.h"
#include "kernel/nfqueue.h"

struct worker;

/*
 * Opens the queues of the worker `index` as the plan has them; the thread is not started yet. NULL
 * on failure, with errno (EBUSY: another program has a queue) and *ret_why a sentence, to be freed
 * by the caller. The snapshot must outlive the worker or worker_switch(), `owners` (NULL: nothing
 * asks for them) the worker.
 */
struct worker *worker_new(const struct snapshot *snapshot, struct owners *owners, unsigned index,
			  char **ret_why);

/*
 * Makes the worker ready for a snapshot that asks for owners; nothing to do where it is. 0 or a
 * negative errno, and nothing has changed.
 */
int worker_use_owners(struct worker *worker, struct owners *owners);

/* Starts the thread. 0 or negative errno. */
int worker_start(struct worker *worker);

/*
 * Makes the worker judge by another snapshot, between two of its batches, and returns when it has
 * let go of the one before. The plan's queue settings must be the same. Hits of rules begin anew,
 * unless both have the same rules.
 */
void worker_switch(struct worker *worker, const struct snapshot *snapshot);

/*
 * Makes the worker forget what it remembers of connections, because the same rules mean something
 * else now: a time has come. Returns when all that it answers is judged by the present time.
 */
void worker_forget(struct worker *worker);

/*
 * Answers what still waits in the queue, then ends the thread. The queue stays bound. Call it
 * after the rules that feed the queue are gone. Nothing to do where the thread was not started.
 */
void worker_stop(struct worker *worker);

/* Closes the queue and frees the worker, which must have been stopped. NULL is fine. */
void worker_free(struct worker *worker);

/* What it has decided, to be read by the control thread; NULL unless decisions are logged. */
struct decision_ring *worker_decisions(const struct worker *worker);

/* Makes the thread turn once more, though there is nothing to do; how often it has turned so far.
 */
void worker_wake(struct worker *worker);
uint64_t worker_turns(const struct worker *worker);

#define WORKER_QUEUES 2

uint16_t worker_queue_number(const struct worker *worker, unsigned which);
int worker_buffer_size(const struct worker *worker); /* bytes, of the first queue */

/* To be read by any thread at any time. */
const struct nfqueue_counters *worker_queue_counters(const struct worker *worker, unsigned which);
const struct judge_counters *worker_counters(const struct worker *worker);

/* How often a rule matched, and how often its throttle was over. */
struct worker_rule_figures {
	uint64_t hits;
	uint64_t over;
};
struct worker_rule_figures worker_rule_figures(const struct worker *worker, size_t rule);

#endif
