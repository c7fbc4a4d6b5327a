/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/locks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/netns_lock.h"
#include "daemon/pidfile.h"
#include "util/log.h"

#define BUSY_TRIES 100
#define BUSY_REST_NS 10000000

bool locks_wait(unsigned *tries)
{
	const struct timespec rest = {.tv_nsec = BUSY_REST_NS};
	return (*tries)++ < BUSY_TRIES && nanosleep(&rest, NULL) == 0;
}

static int lock_run_dir(struct locks *locks, const char *run_dir)
{
	pid_t other = 0;
	unsigned tries = 0;
	do
		locks->pid_fd = pidfile_lock(run_dir, &other);
	while (locks->pid_fd == -EBUSY && locks_wait(&tries));
	if (locks->pid_fd == -EBUSY)
		log_error("another nfshaper (pid %d) runs with %s; stop it first, or give this one "
			  "a --run-dir of its own",
			  (int)other, run_dir);
	else if (locks->pid_fd < 0)
		log_error("the run directory %s cannot be used: %s", run_dir,
			  strerror(-locks->pid_fd));
	return locks->pid_fd < 0 ? locks->pid_fd : 0;
}

static int lock_namespace(struct locks *locks)
{
	char *why = NULL;
	unsigned tries = 0;
	int error;
	do {
		free(why);
		why = NULL;
		locks->netns = netns_lock(&why);
		error = locks->netns ? 0 : -errno;
	} while (error == -EBUSY && locks_wait(&tries));
	if (error)
		log_error("%s", why);
	free(why);
	return error;
}

int locks_take(struct locks *locks, const char *run_dir)
{
	int error = lock_run_dir(locks, run_dir);
	return error ? error : lock_namespace(locks);
}

void locks_release(struct locks *locks, const char *run_dir)
{
	nfqueue_close(locks->netns);
	if (locks->pid_fd >= 0)
		pidfile_remove(run_dir, locks->pid_fd);
	*locks = (struct locks){.pid_fd = -1};
}
