/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/import.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/import_model.h"

#define STANDARD_INPUT "/dev/stdin"

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

int import_pyshaper(const char *path, FILE *out, struct diags *diags)
{
	struct source source;
	struct import_model model = {0};
	int error = source_load(path, diags, &source);
	if (error)
		return error;
	error = import_read(&source, &model, diags);
	if (!error)
		import_print(&model, name_of(path), out);
	import_model_fini(&model);
	source_fini(&source);
	return error;
}

int command_import(struct cli *cli, int argc, char **argv)
{
	struct diags diags;
	(void)cli;
	if (argc != 1)
		return cli_usage(
			"`import` takes one file, a pyshaper.conf, or - for standard input");
	diags_init(&diags);
	int error = import_pyshaper(strcmp(argv[0], "-") == 0 ? STANDARD_INPUT : argv[0], stdout,
				    &diags);
	diags_print(&diags, stderr);
	diags_fini(&diags);
	return error ? EXIT_FAILED : EXIT_DONE;
}
