/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a judge is made of, for the files of judge.h. */
#ifndef DAEMON_JUDGE_LAYOUT_H
#define DAEMON_JUDGE_LAYOUT_H

#include "daemon/flows.h"
#include "daemon/judge.h"
#include "daemon/question.h"
#include "daemon/waiting.h"
#include "util/clock.h"

/* Of a batch; what needs more is charged without. */
#define TICKETS_MAX (2 * NFQUEUE_BATCH)

struct judge {
	struct questioner by;
	struct clock clock;
	struct flows *recent;    /* just decided, whether or not their packets stay queued */
	struct flows *inspected; /* whose packets stay queued */
	struct flows *called;    /* whose packets have just passed a throttle that they call */
	struct flows *late;      /* whose first packet was late */
	struct judge_counters counters;
	struct decision_ring *ring; /* NULL: decisions are not logged */
	/* Of the batch. */
	struct question questions[NFQUEUE_BATCH];
	struct throttle_ticket tickets[TICKETS_MAX];
	unsigned n_tickets;
	/* Whose owner is searched. */
	struct waiting *waiting;
	bool may_not_wait;
	uint64_t last_token;
	struct nfqueue_packet released[WAITING_MAX + WAITING_RESERVE];
	unsigned n_released;
};

/* Only this thread writes these: a plain addition, made visible to readers. */
static inline void judge_count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* judge.c: the time of a batch, and one packet of it; false: it cannot be judged, and is answered.
 */
void judge_begin(struct judge *judge, uint64_t now_ns);
bool judge_prepare(struct judge *judge, const struct bench *bench, struct question *question,
		   struct nfqueue_packet *queued);

/*
 * judge_decide.c: the connection's way through the rules, known already or found; what is wanted of
 * its owner for it; and the answer, when that is nothing any more.
 */
void judge_find_path(struct judge *judge, const struct bench *bench, struct question *question);
enum owner_level judge_wants(const struct bench *bench, const struct question *question);
uint32_t judge_decide(struct judge *judge, const struct bench *bench, struct question *question);

/* judge_wait.c: the answer, NFQUEUE_WAIT where it has to wait. */
uint32_t judge_answer(struct judge *judge, const struct bench *bench, struct question *question);

#endif
