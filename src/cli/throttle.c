/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `nfshaper throttle`, the command line of ipfwthrottle(8): makes, changes and removes throttles of
 * the running daemon, and shows what they have done.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/member.h"
#include "cli/session_list.h"
#include "cli/session_print.h"
#include "cli/throttle_args.h"
#include "cli/throttle_table.h"

/* The sessions of one throttle, sorted or part by part. */
static int print_sessions(const struct cli *cli, const struct throttle_args *args,
			  const json_t *throttles, size_t position, struct session_printer *printer)
{
	struct session_list list = {.throttles = throttles};
	int status = session_list_ask(cli, &list, position,
				      args->is_unsorted ? session_print_part : NULL, printer);
	if (!status) {
		session_list_sort(&list);
		status = session_print_rows(printer, &list);
	}
	session_list_fini(&list);
	return status;
}

static int print_tables(const struct cli *cli, const struct throttle_args *args,
			const json_t *throttles)
{
	const json_t *throttle;
	size_t index;
	int width = throttle_table_tag_width(throttles), status = EXIT_DONE;
	if (!args->is_verbose || json_array_size(throttles) == 0)
		throttle_table_print_head(width);
	json_array_foreach(throttles, index, throttle)
	{
		struct session_printer printer = {.is_verbose = true, .indentation = 4};
		if (args->is_verbose) {
			if (index)
				putchar('\n');
			throttle_table_print_head(width);
		}
		throttle_table_print_row(throttle, width);
		if (!args->is_verbose)
			continue;
		throttle_table_print_more(throttle);
		session_print_head(&printer);
		status = print_sessions(cli, args, throttles, index, &printer);
		if (status)
			return status;
	}
	return cli_flush();
}

/* As in the answer to `status`; with -v each has its sessions, too, printed as they come. */
static int print_json(const struct cli *cli, const struct throttle_args *args,
		      const json_t *throttles)
{
	const json_t *throttle;
	size_t index;
	putchar('[');
	json_array_foreach(throttles, index, throttle)
	{
		struct session_printer printer = {.json = true};
		printf("%s\n", index ? "," : "");
		if (!args->is_verbose) {
			json_dumpf(throttle, stdout, 0);
			continue;
		}
		putchar('{');
		json_dumpf(throttle, stdout, JSON_EMBED);
		printf(", \"session_list\": [");
		int status = print_sessions(cli, args, throttles, index, &printer);
		if (status)
			return status;
		printf("\n]}");
	}
	printf("\n]\n");
	return cli_flush();
}

static int show(const struct cli *cli, const struct throttle_args *args)
{
	json_t *throttles = NULL;
	int status = throttle_table_ask(cli, args, &throttles);
	if (status)
		return status;
	if (!args->is_unsorted)
		throttles = throttle_table_sort(throttles);
	status = (cli->json ? print_json : print_tables)(cli, args, throttles);
	json_decref(throttles);
	return status;
}

static int set(const struct cli *cli, const struct throttle_args *args)
{
	json_t *answer = NULL;
	int status = client_ask(cli, "throttle-set", throttle_args_request(args), &answer);
	if (status)
		return status;
	if (cli->json) {
		cli_print_json(answer);
		return cli_flush();
	}
	printf("throttle `%s`, serial %lld, %s\n", member_text(answer, "tag"),
	       member_number(answer, "serial"),
	       json_is_true(json_object_get(answer, "made")) ? "made" : "changed");
	/* What it is now: also what was not given. */
	struct throttle_args made = {.serial = (uint32_t)member_number(answer, "serial")};
	json_t *throttles = NULL;
	if (args->is_verbose)
		status = throttle_table_ask(cli, &made, &throttles);
	if (throttles) {
		int width = throttle_table_tag_width(throttles);
		throttle_table_print_head(width);
		throttle_table_print_row(json_array_get(throttles, 0), width);
		throttle_table_print_more(json_array_get(throttles, 0));
	}
	json_decref(throttles);
	json_decref(answer);
	return status ? status : cli_flush();
}

static int remove_one(const struct cli *cli, const struct throttle_args *args)
{
	json_t *answer = NULL;
	int status =
		client_ask(cli, "throttle-remove", json_pack("{s:s}", "tag", args->tag), &answer);
	if (status)
		return status;
	if (cli->json) {
		cli_print_json(answer);
		return cli_flush();
	}
	printf("throttle `%s`, serial %lld, removed\n", member_text(answer, "tag"),
	       member_number(answer, "serial"));
	json_decref(answer);
	return cli_flush();
}

int command_throttle(struct cli *cli, int argc, char **argv)
{
	struct throttle_args args;
	if (throttle_args_read(cli->own, cli->n_own, argc, argv, &args))
		return EXIT_USAGE;
	switch (args.action) {
	case THROTTLE_SHOW:
		return show(cli, &args);
	case THROTTLE_SET:
		return set(cli, &args);
	case THROTTLE_REMOVE:
		return remove_one(cli, &args);
	}
	return EXIT_FAILED;
}
