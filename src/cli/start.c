/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "util/alloc.h"

/* A detached daemon leaves the working directory: its paths must not depend on it. */
static char *absolute(const char *path)
{
	char folder[PATH_MAX];
	if (path[0] == '/' || !getcwd(folder, sizeof(folder)))
		return xstrdup(path);
	return xasprintf("%s/%s", folder, path);
}

int command_start(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (cli_no_arguments("start", argc))
		return EXIT_USAGE;
	char *run_dir = absolute(cli->run_dir), *state_dir = absolute(cli->state_dir);
	char *config_file = absolute(cli->config_path);
	struct daemon_options options = {
		.config_path = cli->config_path,
		.config_file = config_file,
		.run_dir = run_dir,
		.state_dir = state_dir,
		.foreground = cli->foreground || notify_is_service(),
	};
	int status = daemon_run(&options);
	free(config_file);
	free(run_dir);
	free(state_dir);
	return status;
}
