/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The journal's own protocol (systemd's doc/JOURNAL_NATIVE_PROTOCOL): one datagram for each entry,
 * with as many fields as wanted. So entries can be looked for by more than their text:
 * journalctl NFSHAPER_RULE=…
 */
#ifndef UTIL_JOURNAL_H
#define UTIL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/* A name is of capital letters, digits and `_`. */
struct log_field {
	const char *name;
	const char *value; /* NULL: it is left out */
};

/* A socket to the journal, or a negative errno where there is none. */
int journal_open(void);

/* True where standard error goes to the journal (JOURNAL_STREAM, systemd.exec(5)). */
bool journal_has_stderr(void);

/* The datagram, to be freed by the caller. */
char *journal_entry(const struct log_field *fields, size_t count, size_t *ret_length);

/* Sends an entry. 0 or negative errno. */
int journal_send(int fd, const struct log_field *fields, size_t count);

#endif
