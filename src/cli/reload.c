/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

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

static bool has_failed(const json_t *remark)
{
	return strcmp(member_text(remark, "state"), "failed") == 0;
}

/* What became of living connections. */
static void print_remark(const json_t *remark)
{
	const char *state = member_text(remark, "state");
	if (has_failed(remark))
		fprintf(stderr,
			"nfshaper: reloaded, but living connections could not all be judged "
			"again: %s; the others keep what they had\n",
			member_text(remark, "error"));
	else if (strcmp(state, "running") == 0)
		printf("%lld of %lld living connections judged again so far; `nfshaper status` "
		       "tells the rest\n",
		       member_number(remark, "seen"), member_number(remark, "total"));
	else
		printf("%lld living connections judged again: %lld have another decision, %lld are "
		       "left to their next packet\n",
		       member_number(remark, "seen"), member_number(remark, "changed"),
		       member_number(remark, "undecided"));
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
	const json_t *remark = json_object_get(answer, "remark");
	bool is_in_force = json_is_true(json_object_get(answer, "reloaded"));
	status = is_in_force && !has_failed(remark) ? EXIT_DONE : EXIT_FAILED;
	if (cli->json) {
		cli_print_json(answer);
		return status;
	}
	print_list(answer, "errors", DIAG_ERROR);
	if (log_shows(LOG_NORMAL))
		print_list(answer, "warnings", DIAG_WARNING);
	if (is_in_force && json_is_object(json_object_get(answer, "confirm")))
		printf("goes back in %u s unless `nfshaper confirm` comes before\n",
		       cli->confirm_s);
	if (is_in_force)
		print_remark(remark);
	else
		fputs("nfshaper: not reloaded, the configuration before stays in force\n", stderr);
	json_decref(answer);
	return status;
}
