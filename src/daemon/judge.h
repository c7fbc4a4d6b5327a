/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From queued packets to their answers: what a worker does with each batch. Belongs to one thread;
 * allocates nothing, logs nothing, and takes no lock but those of the throttles' sessions.
 *
 * A batch is gone through twice. First, each packet's connection gets its path through the rules,
 * and tickets for the throttles on it; then the memory of their sessions is fetched for all at
 * once, and the packets are charged and decided one after the other, in their order.
 */
#ifndef DAEMON_JUDGE_H
#define DAEMON_JUDGE_H

#include <stdint.h>

#include "engine/path.h"
#include "engine/snapshot.h"
#include "kernel/link.h"
#include "kernel/nfqueue.h"

struct judge_counters {
	_Atomic uint64_t malformed; /* packets that could not be parsed: class default */
	_Atomic uint64_t bridged; /* frames between ports of a bridge, not judged: class default */
};

/* What is judged by, and what it counts; made anew for each snapshot. */
struct bench {
	const struct snapshot *snapshot;
	struct rule_figures *figures; /* one for each rule */
	uint32_t *steps;              /* room for the paths of a batch */
	bool forgets;                 /* paths of the bench before, though its rules are the same */
};

/* Shares the figures of `before` (NULL: none) where that has the same rules. */
struct bench *bench_new(const struct snapshot *snapshot, const struct bench *before);
/* `after` is the bench that was made with this one as `before`, or NULL. */
void bench_free(struct bench *bench, const struct bench *after);

struct decision_ring;
struct judge;

/* `names` is borrowed. */
struct judge *judge_new(struct link_names *names);
void judge_free(struct judge *judge);

/* Forgets the connections that were judged by other rules. */
void judge_forget(struct judge *judge);

/* Fills packets[…].answer of up to NFQUEUE_BATCH packets. now_ns is CLOCK_MONOTONIC. */
void judge_batch(struct judge *judge, struct bench *bench, struct nfqueue_packet *packets,
		 unsigned count, uint64_t now_ns);

/* Every decision, where the log shows them (-V 4, when the judge was made); NULL else. */
struct decision_ring *judge_decisions(const struct judge *judge);

/* To be read by any thread. */
const struct judge_counters *judge_counters(const struct judge *judge);

#endif
