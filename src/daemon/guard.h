/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watches over the table, and puts it back where somebody removes it. */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include <ev.h>

#include "kernel/table_monitor.h"

/* Puts the table back. 0, or a negative errno after a message. */
typedef int guard_restore(void *data);

struct guard {
	struct table_monitor *monitor; /* NULL: nothing is watched */
	ev_io io;
	guard_restore *restore;
	void *data;
};

/* From now on; what cannot be watched is a message. */
void guard_watch(struct guard *guard, guard_restore *restore, void *data, struct ev_loop *loop);
void guard_stop(struct guard *guard, struct ev_loop *loop);

#endif
