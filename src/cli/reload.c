/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/member.h"
#include "cli/style.h"
#include "util/log.h"

/* One list of the answer, in the words of `check`. */
static void print_list(const json_t *answer, const char *key, enum diag_severity severity)
{
	const json_t *item;
	size_t index;
	json_array_foreach(json_object_get(answer, key), index, item)
	{
		const struct diag diag = {
			.severity = severity,
			.file = (char *)member_text(item, "file"),
			.line = (unsigned)member_number(item, "line"),
			.column = (unsigned)member_number(item, "column"),
			.message = (char *)member_text(item, "message"),
		};
		style_diag(stderr, &diag);
	}
}

int command_reload(struct cli *cli, int argc, char **argv)
{
	json_t *answer = NULL;
	(void)argv;
	if (cli_no_arguments("reload", argc))
		return EXIT_USAGE;
	json_t *members =
		cli->confirm_s ? json_pack("{s:i}", "confirm", (int)cli->confirm_s) : NULL;
	int status = client_ask(cli, "reload", members, &answer);
	if (status)
		return status;
	status = json_is_true(json_object_get(answer, "reloaded")) ? EXIT_DONE : EXIT_FAILED;
	if (cli->json) {
		cli_print_json(answer);
		return status;
	}
	print_list(answer, "errors", DIAG_ERROR);
	if (log_shows(LOG_NORMAL))
		print_list(answer, "warnings", DIAG_WARNING);
	if (!status && json_is_object(json_object_get(answer, "confirm")))
		printf("goes back in %u s unless `nfshaper confirm` comes before\n",
		       cli->confirm_s);
	if (status)
		fputs("nfshaper: not reloaded, the configuration before stays in force\n", stderr);
	json_decref(answer);
	return status;
}
