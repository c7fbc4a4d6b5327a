/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/source.h"
#include "util/alloc.h"

#define SHOWN_TEXT_MAX 60
#define SHOWN_PATH_MAX 270

_Static_assert(SHOWN_TEXT_MAX + sizeof("…") <= SHOWN_MAX, "the ellipsis must fit");

void report_error(struct diags *diags, struct place at, const char *format, ...)
{
	va_list args;
	char *message = NULL;
	if (diags->errors > REPORT_ERRORS_MAX)
		return;
	if (diags->errors == REPORT_ERRORS_MAX) {
		diag_error(diags, at, "and more errors, which are not shown");
		return;
	}
	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = xstrdup(format);
	va_end(args);
	diag_error(diags, at, "%s", message);
	free(message);
}

const char *text_shown(const char *text, char *buffer)
{
	size_t length = strlen(text), kept = length;
	if (length > SHOWN_TEXT_MAX)
		for (kept = SHOWN_TEXT_MAX; kept > 0 && UTF8_CONTINUES(text[kept]);)
			kept--;
	for (size_t i = 0; i < kept; i++)
		buffer[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
	strcpy(buffer + kept, kept < length ? "…" : "");
	return buffer;
}

const char *place_shown(struct place other, struct place at, char *buffer)
{
	size_t length = strlen(other.file);
	const char *path = other.file + (length > SHOWN_PATH_MAX ? length - SHOWN_PATH_MAX : 0);
	if (strcmp(other.file, at.file) == 0)
		snprintf(buffer, PLACE_SHOWN_MAX, "line %u", other.line);
	else
		snprintf(buffer, PLACE_SHOWN_MAX, "%s, line %u", path, other.line);
	return buffer;
}
