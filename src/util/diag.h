/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Diagnostics about a file that the user wrote: collected, not printed, so that one run reports
 * all that is wrong and a failed reload can hand the list to its caller.
 */
#ifndef UTIL_DIAG_H
#define UTIL_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A place in a file; lines and columns (in characters) count from 1; line 0: the whole file. */
struct place {
	const char *file; /* borrowed */
	unsigned line;
	unsigned column;
};

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_severity severity;
	char *file; /* own copy */
	unsigned line;
	unsigned column;
	char *message;
};

struct diags {
	struct diag *items;
	size_t count;
	size_t capacity;
	size_t errors; /* how many of the items are errors */
};

void diags_init(struct diags *diags);
void diags_fini(struct diags *diags);

/* Adds "what, and what would be right". The texts are copied. */
void diag_error(struct diags *diags, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diags *diags, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Orders by file (as first met), line and column; equal places keep their order. */
void diags_sort(struct diags *diags);

/* Prints one as `FILE:LINE:COLUMN: message` (warnings: `FILE:LINE:COLUMN: warning: message`). */
void diag_print(const struct diag *diag, FILE *out);
void diags_print(const struct diags *diags, FILE *out);
void diags_print_errors(const struct diags *diags, FILE *out);

#endif
