/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors about a configuration: as diag_error(), but a file can only cause so many. */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include "util/diag.h"

#define REPORT_ERRORS_MAX 100

/* Adds an error, unless the list is full; the last one then says that there are more. */
void report_error(struct diags *diags, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define SHOWN_MAX 68

/*
 * A text of the user's for a message: on one line, and at most 60 bytes of it, then `…`. The
 * result is `buffer`, of SHOWN_MAX bytes.
 */
const char *text_shown(const char *text, char *buffer);

/* The same for use as an argument; lives until the end of the block. */
#define SHOWN(text) text_shown((text), (char[SHOWN_MAX]){0})

#define PLACE_SHOWN_MAX 300

/*
 * Another place for a message about `at`: `line 12`, or `FILE, line 12` where it is in another
 * file, of whose path at most the last 270 bytes are shown. The result is `buffer`, of
 * PLACE_SHOWN_MAX bytes.
 */
const char *place_shown(struct place other, struct place at, char *buffer);

/* The same for use as an argument; lives until the end of the block. */
#define PLACE_SHOWN(other, at) place_shown((other), (at), (char[PLACE_SHOWN_MAX]){0})

#endif
