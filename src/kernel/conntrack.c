/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/conntrack.h"

#include <errno.h>

#include "kernel/conntrack_update.h"

struct clearing {
	uint32_t mask;
	struct conntrack_updates *updates;
};

static void clear_mark(const struct connection *connection, void *data)
{
	const struct clearing *clearing = data;
	if (connection->mark & clearing->mask)
		conntrack_update_mark(clearing->updates, connection, 0, clearing->mask);
}

int conntrack_clear_marks(uint32_t mask, struct nl_error *error)
{
	struct nl_error unwanted, *to = error ? error : &unwanted;
	struct clearing clearing = {mask, conntrack_updates_new()};
	*to = (struct nl_error){0};
	int result = -errno;
	if (clearing.updates) {
		result = conntrack_dump(clear_mark, &clearing, to);
		int finished = conntrack_updates_finish(clearing.updates);
		result = result ? result : finished;
	}
	conntrack_updates_free(clearing.updates);
	if (result)
		*to = (struct nl_error){.code = result, .what = "clear conntrack marks"};
	return result;
}
