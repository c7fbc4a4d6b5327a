/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Detaching from the terminal, only after everything is in place: the parent waits for the
 * child's word and ends with the exit status that tells how the start went.
 */
#ifndef DAEMON_DETACH_H
#define DAEMON_DETACH_H

/*
 * Forks. In the child it returns a descriptor for detach_ready(); the parent never returns.
 * A negative errno where fork or pipe failed. Call it before any thread is started.
 */
int detach_begin(void);

/*
 * Tells the parent that all is in place, sends further messages to syslog and closes the
 * terminal. A child that ends without it makes the parent exit with 1.
 */
void detach_ready(int fd);

#endif
