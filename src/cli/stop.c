/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "daemon/leftovers.h"
#include "daemon/netns_lock.h"
#include "daemon/pidfile.h"

#define STOP_TIMEOUT_MS 30000

/* What a killed daemon left, unless another one lives in this network namespace. */
static bool remove_leftovers(void)
{
	char *why = NULL;
	struct nfqueue *lock = netns_lock(&why);
	bool found = lock && leftovers_remove();
	free(why);
	nfqueue_close(lock);
	return found;
}

static int no_daemon(const struct cli *cli, pid_t error)
{
	if (error == -ESRCH && remove_leftovers())
		return cli_fail(EXIT_NO_DAEMON,
				"no nfshaper runs with %s; what a killed one had "
				"left in the kernel is removed",
				cli->run_dir);
	if (error == -ESRCH)
		return cli_fail(EXIT_NO_DAEMON, "no nfshaper runs with %s", cli->run_dir);
	return cli_fail(EXIT_FAILED, "%s: %s", cli->run_dir, strerror(-(int)error));
}

/* Waits until the process is gone. 0, or EXIT_FAILED after a message. */
static int wait_for_end(int pidfd, pid_t pid)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};
	int ready;
	do
		ready = poll(&fd, 1, STOP_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	if (ready == 1)
		return EXIT_DONE;
	return cli_fail(EXIT_FAILED, "nfshaper (pid %d) was told to stop, but still runs",
			(int)pid);
}

int command_stop(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (cli_no_arguments("stop", argc))
		return EXIT_USAGE;
	pid_t pid = pidfile_read(cli->run_dir);
	if (pid < 0)
		return no_daemon(cli, pid);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 && errno == ESRCH)
		return no_daemon(cli, -ESRCH);
	if (pidfd < 0 || syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0)) {
		int error = errno;
		if (pidfd >= 0)
			close(pidfd);
		return cli_fail(EXIT_FAILED, "nfshaper (pid %d) could not be told to stop: %s",
				(int)pid, strerror(error));
	}
	int status = wait_for_end(pidfd, pid);
	close(pidfd);
	if (status == EXIT_DONE && cli->json)
		cli_print_json(json_pack("{s:i}", "stopped_pid", (int)pid));
	return status;
}
