/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the `throttle` and `sessions` commands ask of the daemon (control requests beside the
 * command's name):
 *
 *   sessions         serial: of one throttle; cursor: 0, then what the answer before said
 *                    -> {"sessions": [...], "cursor": N or null}: a part, so that no answer is large
 *   throttle-set     tag (missing: one is made up), and what throttle_spec_from_json() reads
 *                    -> {"tag", "serial", "made": true or false}
 *   throttle-remove  tag -> {"tag", "serial"}
 *
 * The throttles themselves are in the answer to `status`. A change takes the way of a reload: the
 * table in one transaction, then the workers; what fails leaves everything as it was.
 */
#ifndef DAEMON_THROTTLE_CONTROL_H
#define DAEMON_THROTTLE_CONTROL_H

#include <jansson.h>

#include "daemon/daemon.h"

/* A new reference, or NULL with *ret_error a text to be freed. */
json_t *throttle_control_sessions(struct daemon *daemon, json_t *request, char **ret_error);
json_t *throttle_control_set(struct daemon *daemon, json_t *request, char **ret_error);
json_t *throttle_control_remove(struct daemon *daemon, json_t *request, char **ret_error);

#endif
