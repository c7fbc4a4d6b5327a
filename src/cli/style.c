/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/style.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_colours(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(fileno(out)) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

const char *style_begin(FILE *out, enum style style)
{
	if (!has_colours(out))
		return "";
	switch (style) {
	case STYLE_HEAD:
		return "\033[1m";
	case STYLE_WARNING:
		return "\033[33m";
	case STYLE_ERROR:
		return "\033[31m";
	}
	abort();
}

const char *style_end(FILE *out)
{
	return has_colours(out) ? "\033[0m" : "";
}

void style_diag(FILE *out, const struct diag *diag)
{
	bool is_warning = diag->severity == DIAG_WARNING;
	fprintf(out, "%s%s", style_begin(out, STYLE_HEAD), diag->file);
	if (diag->line)
		fprintf(out, ":%u:%u", diag->line, diag->column);
	fprintf(out, ":%s ", style_end(out));
	if (is_warning)
		fprintf(out, "%swarning:%s ", style_begin(out, STYLE_WARNING), style_end(out));
	fprintf(out, "%s%s%s\n", is_warning ? "" : style_begin(out, STYLE_ERROR), diag->message,
		is_warning ? "" : style_end(out));
}

void style_diags(FILE *out, const struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		style_diag(out, &diags->items[i]);
}
