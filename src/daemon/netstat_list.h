/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of living connections, made in a thread that may take its time. */
#ifndef DAEMON_NETSTAT_LIST_H
#define DAEMON_NETSTAT_LIST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/snapshot.h"
#include "rules/condition.h"

struct netstat_options {
	const struct snapshot *snapshot;
	const struct ids *ids; /* what marks say; the plan's own change while it is in force */
	const struct condition *condition; /* which are listed; NULL: all */
	unsigned interval_ms;              /* over which rates are measured; 0: not at all */
	const _Atomic bool *is_cancelled;
};

/*
 * All connections of the network namespace that the condition holds for, the busiest first, as
 * daemon/netstat_answer.h has it; the caller frees the text. NULL with *ret_why, to be freed.
 */
char *netstat_list(const struct netstat_options *options, char **ret_why);

#endif
