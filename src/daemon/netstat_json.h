/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection as `netstat -j` has it. */
#ifndef DAEMON_NETSTAT_JSON_H
#define DAEMON_NETSTAT_JSON_H

#include <jansson.h>

#include "daemon/netstat_rows.h"
#include "engine/snapshot.h"
#include "rules/facts.h"

/* The decision that the connection's mark says; NULL: none, or one that has no meaning. */
const struct outcome *netstat_outcome(const struct plan *plan, uint32_t mark);

/* The class of a decision, or NULL. */
const char *netstat_class(const struct outcome *outcome);

/* `facts` tell the ends, the country and, with facts->owner, the owner. */
json_t *netstat_json(const struct netstat_row *row, const struct facts *facts,
		     const struct plan *plan);

#endif
