/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

void diags_init(struct diags *diags)
{
	*diags = (struct diags){0};
}

void diags_fini(struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->items[i].file);
		free(diags->items[i].message);
	}
	free(diags->items);
	diags_init(diags);
}

static void add(struct diags *diags, enum diag_severity severity, struct place at,
		const char *format, va_list args)
{
	char *message = NULL;
	if (vasprintf(&message, format, args) < 0)
		message = xstrdup(format);
	diags->items =
		array_grow(diags->items, diags->count, &diags->capacity, sizeof(*diags->items));
	diags->items[diags->count++] = (struct diag){
		.severity = severity,
		.file = xstrdup(at.file ? at.file : "-"),
		.line = at.line,
		.column = at.column,
		.message = message,
	};
	diags->errors += severity == DIAG_ERROR;
}

void diag_error(struct diags *diags, struct place at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(diags, DIAG_ERROR, at, format, args);
	va_end(args);
}

void diag_warning(struct diags *diags, struct place at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(diags, DIAG_WARNING, at, format, args);
	va_end(args);
}

static bool is_after(const struct diag *a, const struct diag *b)
{
	if (strcmp(a->file, b->file) != 0)
		return false;
	return a->line > b->line || (a->line == b->line && a->column > b->column);
}

void diags_sort(struct diags *diags)
{
	for (size_t i = 1; i < diags->count; i++) {
		struct diag item = diags->items[i];
		size_t j = i;
		for (; j > 0 && is_after(&diags->items[j - 1], &item); j--)
			diags->items[j] = diags->items[j - 1];
		diags->items[j] = item;
	}
}

void diag_print(const struct diag *diag, FILE *out)
{
	fputs(diag->file, out);
	if (diag->line)
		fprintf(out, ":%u:%u", diag->line, diag->column);
	fprintf(out, ": %s%s\n", diag->severity == DIAG_WARNING ? "warning: " : "", diag->message);
}

void diags_print(const struct diags *diags, FILE *out)
{
	for (size_t i = 0; i < diags->count; i++)
		diag_print(&diags->items[i], out);
}

void diags_print_errors(const struct diags *diags, FILE *out)
{
	for (size_t i = 0; i < diags->count; i++)
		if (diags->items[i].severity == DIAG_ERROR)
			diag_print(&diags->items[i], out);
}
