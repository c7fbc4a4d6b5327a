/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The throttles of the running daemon, with the sessions that an earlier run left. */
#ifndef DAEMON_SESSIONS_H
#define DAEMON_SESSIONS_H

#include "daemon/daemon.h"

/* Before the workers start. 0, or a negative errno after a message. */
int sessions_open(struct daemon *daemon);

/* From now on, expired sessions are forgotten also where no packet comes. */
void sessions_watch(struct daemon *daemon);

/* After the workers have ended: what was counted is written. */
void sessions_close(struct daemon *daemon);

#endif
