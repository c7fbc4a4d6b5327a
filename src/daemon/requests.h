/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients may ask of the daemon, and who: reading is for all that reach the socket, changing
 * for root. */
#ifndef DAEMON_REQUESTS_H
#define DAEMON_REQUESTS_H

#include "daemon/control.h"

/* A control_handler; `data` is the struct daemon. */
void requests_handle(struct control_request *request, void *data);

#endif
