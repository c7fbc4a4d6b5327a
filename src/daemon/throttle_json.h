/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Throttles as JSON: in the state file, in requests of the `throttle` command, and in answers. */
#ifndef DAEMON_THROTTLE_JSON_H
#define DAEMON_THROTTLE_JSON_H

#include <jansson.h>

#include "engine/throttle_list.h"

/* For the state file; a new reference. */
json_t *throttle_list_json(const struct throttle_list *list);
/* Fills the empty *list. 0, or -EBADMSG; then it may hold a part. */
int throttle_list_from_json(json_t *json, struct throttle_list *list);

/*
 * Takes the members of *json that say what a throttle is into *spec and leaves the others as they
 * are: packets and span_s, or rate_bps and burst_bytes; session, mask, max, buckets, expire_s. 0,
 * or -EBADMSG where one is no such value or a throttle cannot have it; then *spec is untouched.
 */
int throttle_spec_from_json(json_t *json, struct throttle_spec *spec);

/*
 * What a person asks for: tag, serial, limit ("25/60" or null), rate_bps, burst_bytes (or null),
 * session, mask, count, sessions, max, passed, over, evicted, bytes. A new reference.
 */
json_t *throttle_status_json(const struct throttle_item *item, struct throttle *throttle);

/* One session: tag, serial, session, count, passed, over, window_left, age, idle. */
json_t *throttle_session_json(const struct throttle_item *item,
			      const struct throttle_session *session);

#endif
