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

/* As `show` does: a list of lines. */
static int import_json(const char *path, struct diags *diags)
{
	char *text = NULL, *rest;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	if (!memory)
		abort(); /* as xcalloc() does */
	int error = import_pyshaper(path, memory, diags);
	fclose(memory);
	json_t *lines = json_array();
	for (char *line = text; !error && *line; line = rest) {
		rest = line + strcspn(line, "\n");
		json_array_append_new(lines, json_stringn(line, (size_t)(rest - line)));
		rest += *rest != '\0';
	}
	if (error)
		json_decref(lines);
	else
		cli_print_json(json_pack("{s:o}", "import", lines));
	free(text);
	return error;
}

int command_import(struct cli *cli, int argc, char **argv)
{
	struct diags diags;
	if (argc != 1)
		return cli_usage(
			"`import` takes one file, a pyshaper.conf, or - for standard input");
	diags_init(&diags);
	const char *path = strcmp(argv[0], "-") == 0 ? STANDARD_INPUT : argv[0];
	int error = cli->json ? import_json(path, &diags) : import_pyshaper(path, stdout, &diags);
	diags_print(&diags, stderr);
	diags_fini(&diags);
	return error ? EXIT_FAILED : EXIT_DONE;
}
