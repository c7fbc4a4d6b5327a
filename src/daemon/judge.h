/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From queued packets to their answers: what a worker does with each batch. Belongs to one thread;
 * allocates nothing, logs nothing, and takes no lock but those of the throttles' sessions and of
 * the owners that were found.
 *
 * A batch is gone through twice. First, each packet's connection gets its path through the rules,
 * and tickets for the throttles on it; then the memory of their sessions is fetched for all at
 * once, and the packets are charged and decided one after the other, in their order.
 *
 * Where the decision depends on the owner of the connection, the owner is looked up in the second
 * round, because its texts last until the next look-up only. One that has to be searched keeps the
 * packet waiting (waiting.h): its answer is NFQUEUE_WAIT, and it is one of those that
 * judge_release() gives later. So are packets of the same connection that come meanwhile.
 */
#ifndef DAEMON_JUDGE_H
#define DAEMON_JUDGE_H

#include <stdint.h>

#include "daemon/bench.h"
#include "kernel/link.h"
#include "kernel/nfqueue.h"

struct judge_counters {
	_Atomic uint64_t malformed; /* packets that could not be parsed: class default */
	_Atomic uint64_t bridged; /* frames between ports of a bridge, not judged: class default */
	_Atomic uint64_t waiting; /* packets that wait for an owner, now */
	_Atomic uint64_t late;    /* packets whose owner was not found in time */
};

struct decision_ring;
struct judge;

/* `names` is borrowed. At most `room` packets wait. */
struct judge *judge_new(struct link_names *names, unsigned room);
void judge_free(struct judge *judge);

/* Forgets the connections that were judged by other rules. */
void judge_forget(struct judge *judge);

/* Fills packets[…].answer of up to NFQUEUE_BATCH packets. now_ns is CLOCK_MONOTONIC. */
void judge_batch(struct judge *judge, struct bench *bench, struct nfqueue_packet *packets,
		 unsigned count, uint64_t now_ns);

/*
 * The packets that need not wait any more, with their answers: their owner was found, or they are
 * late. Returns how many; *ret_packets is valid until the next call. Their bytes are gone.
 */
unsigned judge_release(struct judge *judge, struct bench *bench, uint64_t now_ns,
		       const struct nfqueue_packet **ret_packets);

bool judge_is_waited_for(const struct judge *judge);

/* How long it is until a packet is late, in milliseconds for poll(2); -1: none waits. */
int judge_patience_ms(const struct judge *judge, const struct bench *bench, uint64_t now_ns);

/* From now on nothing waits: all are late, and pass. */
void judge_stop_waiting(struct judge *judge);
/* Every decision, where the log shows them (-V 4, when the judge was made); NULL else. */
struct decision_ring *judge_decisions(const struct judge *judge);

/* To be read by any thread. */
const struct judge_counters *judge_counters(const struct judge *judge);

#endif
