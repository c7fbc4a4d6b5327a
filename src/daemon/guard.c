/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/guard.h"

#include <errno.h>
#include <nfshaper/mark.h>
#include <string.h>

#include "util/log.h"

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct guard *guard = io->data;
	bool gone = false;
	int error = table_monitor_read(guard->monitor, &gone);
	(void)events;
	if (error) {
		log_error("the table is not watched any more: %s", strerror(-error));
		ev_io_stop(loop, io);
	}
	if (!gone)
		return;
	log_warning("somebody removed the table inet %s (nft flush ruleset?)", NFSHAPER_TABLE);
	if (guard->restore(guard->data) == 0)
		log_info("the table inet %s is put back", NFSHAPER_TABLE);
}

void guard_watch(struct guard *guard, guard_restore *restore, void *data, struct ev_loop *loop)
{
	*guard = (struct guard){.monitor = table_monitor_open(), .restore = restore, .data = data};
	if (!guard->monitor) {
		log_warning("the table cannot be watched: %s", strerror(errno));
		return;
	}
	ev_io_init(&guard->io, on_readable, table_monitor_fd(guard->monitor), EV_READ);
	guard->io.data = guard;
	ev_io_start(loop, &guard->io);
}

void guard_stop(struct guard *guard, struct ev_loop *loop)
{
	if (!guard->monitor)
		return;
	ev_io_stop(loop, &guard->io);
	table_monitor_close(guard->monitor);
	guard->monitor = NULL;
}
