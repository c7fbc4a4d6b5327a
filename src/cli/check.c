/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/style.h"
#include "daemon/diags_json.h"

static void print_summary(const struct cli *cli, const struct diags *diags)
{
	size_t warnings = diags->count - diags->errors;
	if (diags->errors)
		fprintf(stderr, "%s: %zu error%s\n", cli->config_path, diags->errors,
			diags->errors == 1 ? "" : "s");
	else if (warnings)
		printf("%s: valid, with %zu warning%s\n", cli->config_path, warnings,
		       warnings == 1 ? "" : "s");
	else
		printf("%s: valid\n", cli->config_path);
}

int command_check(struct cli *cli, int argc, char **argv)
{
	struct diags diags;
	struct state earlier;
	(void)argv;
	if (cli_no_arguments("check", argc))
		return EXIT_USAGE;
	diags_init(&diags);
	struct snapshot *snapshot = preflight(cli->config_path, cli->state_dir, &earlier, &diags);
	if (cli->json) {
		cli_print_json(diags_json(&diags));
	} else {
		style_diags(stderr, &diags);
		print_summary(cli, &diags);
	}
	int status = snapshot ? EXIT_DONE : EXIT_FAILED;
	snapshot_free(snapshot);
	state_fini(&earlier);
	diags_fini(&diags);
	return status;
}
