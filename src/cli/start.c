/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "cli/cli.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "util/file.h"

int command_start(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (cli_no_arguments("start", argc))
		return EXIT_USAGE;
	/* A detached daemon leaves the working directory: its paths must not depend on it. */
	char *run_dir = file_absolute(cli->run_dir), *state_dir = file_absolute(cli->state_dir);
	char *config_file = file_absolute(cli->config_path);
	struct daemon_options options = {
		.config_path = cli->config_path,
		.config_file = config_file,
		.run_dir = run_dir,
		.state_dir = state_dir,
		.foreground = cli->foreground || notify_is_service(),
		.confirm_s = cli->confirm_s,
	};
	int status = daemon_run(&options);
	free(config_file);
	free(run_dir);
	free(state_dir);
	return status;
}
