/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changing the configuration of the running daemon. The new snapshot is read, checked and planned,
 * the classes and the table are changed, and only then do the workers take it, each between two
 * batches. A failure at any step leaves the old configuration in force. No packet is dropped: no
 * base chain and no queue is touched.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <jansson.h>

#include "daemon/daemon.h"

/*
 * Reads the daemon's own file again; `confirm_s`: as confirm_begin(). The answer, a new reference,
 * is {"reloaded": bool, "confirm": {"seconds_left"} or null, "errors": […], "warnings": […]}, the
 * lists as `check -j` has them; what it says is logged, too.
 */
json_t *reload(struct daemon *daemon, unsigned confirm_s);

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
