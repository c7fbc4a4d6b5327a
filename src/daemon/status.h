/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answer to `status`, in the words of the JSON contract (nfshaper(8)). */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include <jansson.h>

#include "daemon/daemon.h"

/* A new reference. Figures that the kernel does not give at the moment are null. */
json_t *status_json(struct daemon *daemon);

#endif
