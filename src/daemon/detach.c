/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "util/log.h"

/* The parent: waits until the child says it is ready, or is gone. */
static void wait_for_child(int fd)
{
	char word;
	ssize_t length;
	do
		length = read(fd, &word, 1);
	while (length < 0 && errno == EINTR);
	_exit(length == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int detach_begin(void)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid_t parent = getpid(), pid = fork();
	if (pid < 0) {
		int error = -errno;
		close(fds[0]);
		close(fds[1]);
		return error;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(fds[0]);
	}
	close(fds[0]);
	/* Until all is in place, a caller who gives up takes the daemon with him. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	setsid();
	return fds[1];
}

void detach_ready(int fd)
{
	prctl(PR_SET_PDEATHSIG, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	log_to_syslog();
	fflush(NULL);
	if (chdir("/"))
		log_warning("the working directory could not be changed to /");
	for (int i = 0; null >= 0 && i <= STDERR_FILENO; i++)
		dup2(null, i);
	if (null > STDERR_FILENO)
		close(null);
	/* A parent that was ended meanwhile is no reason to give up. */
	if (write(fd, "r", 1) != 1)
		log_warning("nobody waited for the start");
	close(fd);
}
