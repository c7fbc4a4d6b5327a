/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/client.h"

int command_confirm(struct cli *cli, int argc, char **argv)
{
	json_t *answer = NULL;
	bool undo = cli->n_own > 0; /* -r, the only one */
	(void)argv;
	if (cli_no_arguments("confirm", argc))
		return EXIT_USAGE;
	int status = client_ask(cli, "confirm", json_pack("{s:b}", "undo", undo), &answer);
	if (status)
		return status;
	if (cli->json)
		cli_print_json(answer);
	else
		json_decref(answer);
	return EXIT_DONE;
}
