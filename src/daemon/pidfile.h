/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pid file in the run directory. The daemon holds a lock on it for as long as it lives, so a
 * file that a crash left behind, whose number may be another process's by now, is told from that
 * of a running daemon.
 */
#ifndef DAEMON_PIDFILE_H
#define DAEMON_PIDFILE_H

#include <sys/types.h>

/*
 * Makes the run directory (0750) where it is missing and takes the lock. Returns a descriptor,
 * which holds the lock until it is closed in every process that inherited it; -EBUSY where a
 * daemon runs (*ret_pid is its number); or another negative errno.
 */
int pidfile_lock(const char *run_dir, pid_t *ret_pid);

/* Writes the number of the calling process into the locked file. 0 or negative errno. */
int pidfile_write(int fd);

/* Removes the file, then gives up the lock. */
void pidfile_remove(const char *run_dir, int fd);

/* The number of the daemon that runs with this directory; -ESRCH where none does; -EACCES. */
pid_t pidfile_read(const char *run_dir);

#endif
