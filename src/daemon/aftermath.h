/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What follows a change of the rules, or of the time that they ask for: living connections are
 * judged again (remark.h), and when no one bears an old id any more, the table, the classes and the
 * state file let go of it. Until then no other change is taken: who asks for one waits.
 */
#ifndef DAEMON_AFTERMATH_H
#define DAEMON_AFTERMATH_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct control_request;
struct daemon;

struct aftermath {
	struct control_request **waiting; /* in their order */
	size_t n_waiting, waiting_capacity;
	bool has_signal; /* a reload by signal waits, too */
	bool again;      /* the time has changed meanwhile */
};

/*
 * For a start: living connections get the marks that they would get if they began now, before the
 * table asks about them. What cannot be done is a message. Those that begin before the table is
 * there are left to aftermath_begin().
 */
void aftermath_precede(struct daemon *daemon);

/* True while it goes on. */
bool aftermath_is_on(const struct daemon *daemon);

/* Begins it; one that is going on begins anew. When it is over, reload_settle() is told first. */
void aftermath_begin(struct daemon *daemon);

/* Takes the request again when it is over (requests_handle); NULL: a reload by signal. */
void aftermath_wait(struct daemon *daemon, struct control_request *request);

/* The daemon stops: whoever waits is told so. */
void aftermath_stop(struct daemon *daemon);

#endif
