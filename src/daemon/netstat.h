/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `nfshaper netstat` asks for: all living connections, with their owners and classes. Each
 * request has a thread of its own, which takes a second and more; the loop goes on meanwhile.
 */
#ifndef DAEMON_NETSTAT_H
#define DAEMON_NETSTAT_H

#include <ev.h>

#include "daemon/control.h"
#include "engine/snapshot.h"

/* Requests at a time. */
#define NETSTAT_JOBS_MAX 4

struct netstat_job;

/* Begins as all zero. */
struct netstat {
	struct ev_loop *loop;
	ev_async over; /* a thread has ended */
	struct netstat_job *jobs[NETSTAT_JOBS_MAX];
};

void netstat_watch(struct netstat *netstat, struct ev_loop *loop);

/*
 * {"expression": text, may be left out; "interval_ms": over which rates are measured, 0: not at
 * all}. The answer is that of daemon/netstat_answer.h, the busiest first, or, where the expression
 * is wrong, {"fault": {"offset": bytes, "message": text}}.
 */
void netstat_take(struct netstat *netstat, struct snapshot *snapshot,
		  struct control_request *request);

/* Ends all of them, which are answered with an error. */
void netstat_stop(struct netstat *netstat);

#endif
