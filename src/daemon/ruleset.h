/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table in the life of the daemon: put in, watched over, emptied, removed. */
#ifndef DAEMON_RULESET_H
#define DAEMON_RULESET_H

#include "daemon/daemon.h"

/* The table of a plan, in one transaction. 0, or a negative errno with *ret_why, to be freed. */
int ruleset_put(struct daemon *daemon, const struct plan *plan, char **ret_why);

/* For a start. 0, or a negative errno after a message. */
int ruleset_install(struct daemon *daemon);

/* From now on, the table is put back where somebody removes it. */
void ruleset_watch(struct daemon *daemon);

/* Empties the queue chains: nothing is asked any more. Ends the watch. */
void ruleset_stop_queueing(struct daemon *daemon);

/* Last of all that concerns packets (kernel/table.h says why). */
void ruleset_remove(struct daemon *daemon);

#endif
