/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections and owners as lists of values, in the order of lists of keys: there may be a hundred
 * thousand, and names once are enough for all of them.
 */
#ifndef DAEMON_NETSTAT_JSON_H
#define DAEMON_NETSTAT_JSON_H

#include <jansson.h>

#include "daemon/netstat_rows.h"
#include "rules/facts.h"
#include "rules/owner.h"

/* The keys of a connection; they end with `owner`, the owner's position, or null. */
json_t *netstat_keys(void);

/*
 * `facts` tell the ends, the country, class and rule; `now_ns` is CLOCK_REALTIME; `owner` a new
 * reference.
 */
json_t *netstat_values(const struct netstat_row *row, const struct facts *facts, uint64_t now_ns,
		       json_t *owner);

json_t *netstat_owner_keys(void);
json_t *netstat_owner_values(const struct owner *owner);

#endif
