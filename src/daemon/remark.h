/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Re-marking: all living connections are judged again (engine/rejudge.h), and those get another
 * mark whose decision is another one now. It takes about a second for half a million connections,
 * so while the daemon runs a thread of its own does it; the loop is told when it is over.
 */
#ifndef DAEMON_REMARK_H
#define DAEMON_REMARK_H

#include <ev.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/snapshot.h"
#include "net/nlbatch.h"

/* Called on the loop. */
typedef void remark_done(void *data);

struct owners;

struct remark {
	const struct snapshot *snapshot; /* borrowed */
	struct owners *owners;           /* as well; NULL where no rule asks for them */
	bool ids_are_void;               /* what the marks said before means nothing any more */
	uint64_t owners_ns;              /* how long owners are looked for, in all */
	pthread_t thread;
	bool has_thread;
	bool is_running;
	struct ev_loop *loop;
	ev_async over;
	remark_done *done;
	void *data;
	_Atomic bool is_cancelled;
	/* Of the last one, or of the one that is going on. */
	uint64_t started_ns; /* CLOCK_MONOTONIC; 0: there was none */
	_Atomic uint64_t duration_ns;
	_Atomic uint64_t total; /* connections when it began */
	_Atomic uint64_t seen;
	_Atomic uint64_t changed;
	_Atomic uint64_t undecided; /* left to their next packet */
	struct nl_error error;      /* valid when it is over; code 0: none */
};

/* Does it in the calling thread: before the loop runs. 0, or a negative errno and remark->error;
 * then some have their new mark and others not. */
int remark_run(struct remark *remark, const struct snapshot *snapshot, struct owners *owners,
	       bool ids_are_void);

/*
 * Starts the thread, which reads the snapshot until `done` is called; there is none yet. Where
 * there can be no thread, `done` is called all the same, soon.
 */
void remark_start(struct remark *remark, const struct snapshot *snapshot, struct owners *owners,
		  struct ev_loop *loop, remark_done *done, void *data);

/* Ends it before its time, if it is going on: `done` is not called any more. */
void remark_stop(struct remark *remark);

/* For `status` and `reload`: {"state": "none|running|done|failed", "total", "seen", "changed",
 * "undecided", "seconds", "error": text or null}. */
json_t *remark_json(const struct remark *remark);

/* What went wrong, where it is over and error.code is set; to be freed. */
char *remark_error_text(const struct remark *remark);

#endif
