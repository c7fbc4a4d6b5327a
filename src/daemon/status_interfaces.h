/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interfaces in the answer to `status`: each with its classes, both ways. */
#ifndef DAEMON_STATUS_INTERFACES_H
#define DAEMON_STATUS_INTERFACES_H

#include <jansson.h>

#include "daemon/daemon.h"

/* A list, a new reference. Figures that the kernel does not give at the moment are null. */
json_t *status_interfaces_json(const struct daemon *daemon);

#endif
