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
 * A failure up to the third leaves the old configuration in force. No packet is dropped: no base
 * chain and no queue is touched. An id is given to another name only when it has gone from the
 * table.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "daemon/daemon.h"

/*
 * Reads the daemon's own file again; `confirm_s`: as confirm_begin(). The request, which may be
 * NULL, is answered with {"reloaded": bool, "confirm": {"seconds_left"} or null, "errors": […],
 * "warnings": […], "remark": …}, the lists as `check -j` has them (aftermath_answer() says when);
 * what it says is logged, too. Nothing may be going on (aftermath_is_on).
 */
void reload(struct daemon *daemon, struct control_request *request, unsigned confirm_s);

/*
 * A part of it: puts a snapshot, which is taken over in any case, in place of the one in force. 0,
 * or a negative errno with an error in *diags; then everything is as it was.
 */
int reload_apply(struct daemon *daemon, struct snapshot *snapshot, struct diags *diags);

/* Logs what was found in a file. */
void reload_log(const struct diags *diags);

/* A part of that, also for a change of throttles: the snapshot, which is opened, is put in place of
 * the one in force; the table has been put in before (ruleset_put). */
void reload_take(struct daemon *daemon, struct snapshot *snapshot);

#endif
