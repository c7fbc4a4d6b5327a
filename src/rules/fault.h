/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first thing found wrong in an expression: what, and at which byte. The caller knows the file
 * and turns the byte into a line and a column. Where an entry of a set is wrong, `at` is its place.
 */
#ifndef RULES_FAULT_H
#define RULES_FAULT_H

#include <stddef.h>

#include "util/diag.h"

#define SNIPPET_MAX 80 /* bytes of the user's text that a message repeats */

struct fault {
	size_t offset;   /* bytes from the start of the expression */
	char *message;   /* NULL: nothing is wrong; fault_fini() frees it */
	struct place at; /* file NULL: the offset says where; else the configuration's own text */
};

/* Records the fault unless there is one already. Returns -EINVAL, for use with return. */
int fault_set(struct fault *fault, size_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void fault_fini(struct fault *fault);

/*
 * A piece of the user's text made fit for a message: on one line, each run of blanks as one, cut
 * with `…` where long.
 */
struct snippet {
	char text[SNIPPET_MAX + sizeof("…")];
};
struct snippet snippet_of(const char *text, size_t length);

#endif
