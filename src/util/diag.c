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

/* One diagnostic with what orders it. */
struct ranked {
	struct diag diag;
	size_t file; /* where the first of its file is */
	size_t index;
};

/* Most follow one of the same file. */
static size_t first_of_file(const struct ranked *ranked, size_t index)
{
	const char *file = ranked[index].diag.file;
	if (index > 0 && strcmp(ranked[index - 1].diag.file, file) == 0)
		return ranked[index - 1].file;
	for (size_t i = 0; i < index; i++)
		if (strcmp(ranked[i].diag.file, file) == 0)
			return i;
	return index;
}

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->diag.line != b->diag.line)
		return a->diag.line < b->diag.line ? -1 : 1;
	if (a->diag.column != b->diag.column)
		return a->diag.column < b->diag.column ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

void diags_sort(struct diags *diags)
{
	if (diags->count < 2)
		return;
	struct ranked *ranked = xcalloc(diags->count, sizeof(*ranked));
	for (size_t i = 0; i < diags->count; i++) {
		ranked[i] = (struct ranked){.diag = diags->items[i], .index = i};
		ranked[i].file = first_of_file(ranked, i);
	}
	qsort(ranked, diags->count, sizeof(*ranked), compare);
	for (size_t i = 0; i < diags->count; i++)
		diags->items[i] = ranked[i].diag;
	free(ranked);
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
