/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changing the configuration of the running daemon:
 *
 *   1. the new snapshot is read, checked and planned, with all ids that living connections may
 * bear;
 *   2. new classes are added, others changed, none removed;
 *   3. the table is replaced in one transaction: it knows new ids and old ones;
 *   4. the workers take the snapshot, each between two batches;
 *   5. living connections are judged again (aftermath.h), and then
 *   6. old ids go from the table, and old classes when no packet waits in them.
 *
 * A failure up to the third leaves the old configuration in force; one of the fifth brings it back,
 * by the same way. No packet is dropped: no base chain and no queue is touched. An id is given to
 * another name only when it has gone from the table.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <ev.h>
#include <stdbool.h>

#include "util/diag.h"

struct control_request;
struct daemon;
struct snapshot;
struct throttle_list;

/* A reload that is not settled: until all are judged it can be undone. */
struct reloading {
	bool is_going_on;
	struct control_request *request; /* NULL: nobody asks */
	unsigned confirm_s;
	bool has_begun; /* confirm_begin(): so it has to end */
	struct diags diags;
	struct snapshot *before; /* what it goes back to */
	ev_timer patience;
};

/*
 * Reads the daemon's own file again; `confirm_s`: as confirm_begin(). Nothing may be going on
 * (aftermath_is_on). The request, which may be NULL, is answered when living connections are judged
 * again, or after 10 s, with {"reloaded": bool, "confirm": {"seconds_left"} or null, "errors": […],
 * "warnings": […], "remark": remark_json() or null}, the lists as `check -j` has them; what it says
 * is logged, too.
 */
void reload(struct daemon *daemon, struct control_request *request, unsigned confirm_s);

/* Living connections are judged again: whoever waits for a reload is answered, or, where that
 * failed, it is undone and they are judged again by the rules before. */
void reload_settle(struct daemon *daemon);

/* The daemon stops: whoever waits is answered. */
void reload_stop(struct daemon *daemon);

/*
 * A part of it: puts a snapshot, which is taken over in any case, in place of the one in force. 0,
 * or a negative errno with an error in *diags; then everything is as it was.
 */
int reload_apply(struct daemon *daemon, struct snapshot *snapshot, struct diags *diags);

/* Logs what was found in a file. */
void reload_log(const struct diags *diags);

/*
 * Puts the same rules in force with these throttles, and without what plan_keep() has added unless
 * it `keeps` that. 0, or a negative errno with *ret_why, to be freed; then everything is as it was.
 */
int reload_derive(struct daemon *daemon, const struct throttle_list *list, bool keeps,
		  char **ret_why);

#endif
