/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tells when somebody removes the table, as `nft flush ruleset` does, with which many systems
 * reload their own rules.
 */
#ifndef KERNEL_TABLE_MONITOR_H
#define KERNEL_TABLE_MONITOR_H

#include <stdbool.h>

struct table_monitor;

/* NULL with errno. */
struct table_monitor *table_monitor_open(void);
void table_monitor_close(struct table_monitor *monitor);

/* For poll(2). */
int table_monitor_fd(const struct table_monitor *monitor);

/*
 * Reads what has happened, without blocking. *ret_gone: the table was removed, by whomever, and is
 * not there now. 0, or a negative errno where the socket is broken.
 */
int table_monitor_read(struct table_monitor *monitor, bool *ret_gone);

#endif
