/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DAEMON_LEFTOVERS_H
#define DAEMON_LEFTOVERS_H

#include <stdbool.h>

/*
 * Removes the table and the qdiscs that a daemon left which was killed; the caller makes sure that
 * none lives in this network namespace (netns_lock.h). True where there was something; what could
 * not be removed is a message.
 */
bool leftovers_remove(void);

#endif
