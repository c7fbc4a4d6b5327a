/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `nfshaper sessions`: those of all throttles together, busiest first. */
#include "cli/cli.h"
#include "cli/session_list.h"
#include "cli/session_print.h"
#include "cli/throttle_args.h"
#include "cli/throttle_table.h"

/* Sorted, all must be there before the first is printed; else each part is printed as it comes. */
static int print_sessions(const struct cli *cli, const struct throttle_args *args,
			  const json_t *throttles)
{
	struct session_list list = {.throttles = throttles};
	struct session_printer printer = {
		.json = cli->json,
		.is_verbose = args->is_verbose,
		.tag_width = throttle_table_tag_width(throttles),
	};
	int status = EXIT_DONE;
	if (cli->json)
		putchar('[');
	else
		session_print_head(&printer);
	for (size_t i = 0; !status && i < json_array_size(throttles); i++)
		status = session_list_ask(cli, &list, i,
					  args->is_unsorted ? session_print_part : NULL, &printer);
	if (!status) {
		session_list_sort(&list);
		status = session_print_rows(&printer, &list);
	}
	if (!status && cli->json) {
		printf("\n]\n");
		status = cli_flush();
	}
	session_list_fini(&list);
	return status;
}

int command_sessions(struct cli *cli, int argc, char **argv)
{
	struct throttle_args args;
	json_t *throttles = NULL;
	(void)argv;
	if (cli_no_arguments("sessions", argc) ||
	    throttle_args_read(cli->own, cli->n_own, 0, NULL, &args))
		return EXIT_USAGE;
	int status = throttle_table_ask(cli, &args, &throttles);
	if (status)
		return status;
	status = print_sessions(cli, &args, throttles);
	json_decref(throttles);
	return status;
}
