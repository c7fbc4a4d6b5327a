/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling the service manager how far the daemon is (sd_notify(3), systemd's protocol). */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* True where a service manager started this very process and watches it. */
bool notify_is_service(void);

/* Sends `READY=1`, `STOPPING=1` and the like to the socket that $NOTIFY_SOCKET names; nothing to
 * do where there is none. */
void notify_send(const char *state);

/* `RELOADING=1`, with the time that systemd wants to know; READY=1 follows when it is done. */
void notify_reloading(void);

/* How often `WATCHDOG=1` is expected, in microseconds; 0: never (sd_watchdog_enabled(3)). */
uint64_t notify_watchdog_us(void);

#endif
