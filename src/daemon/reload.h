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
 * Reads the daemon's own file again. The answer, a new reference, is {"reloaded": bool, "errors":
 * […], "warnings": […]}, the lists as `check -j` has them; what it says is logged, too.
 */
json_t *reload(struct daemon *daemon);

/* A part of it, also for a change of throttles: the snapshot, which is opened, is put in place of
 * the one in force; the table has been put in before (ruleset_put). */
void reload_take(struct daemon *daemon, struct snapshot *snapshot);

#endif
