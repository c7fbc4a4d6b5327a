/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search for owners, which the daemon has only where rules ask for them. */
#ifndef DAEMON_OWNERSHIP_H
#define DAEMON_OWNERSHIP_H

#include <jansson.h>

#include "daemon/daemon.h"

/*
 * Makes what the snapshot needs, if it asks for owners: the search, and the readiness of all
 * workers that there are. It stays when later snapshots do not ask. 0, or a negative errno with
 * *ret_why a sentence that the caller frees.
 */
int ownership_open(struct daemon *daemon, const struct snapshot *snapshot, char **ret_why);

/* When there are no workers any more. */
void ownership_close(struct daemon *daemon);

/* For `status`. */
json_t *ownership_json(const struct daemon *daemon);

#endif
