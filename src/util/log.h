/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of the daemon and the command line. Only daemon/ and cli/ call this; the layers below
 * return errors. They go to standard error; of a daemon that has detached, or whose standard error
 * is the journal, to the journal, or to syslog where there is none. Any thread.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "util/journal.h"

/* pyshaper's four levels (-V): errors; also warnings and what has happened; also details of it;
 * also every decision. */
enum log_level { LOG_SILENT = 1, LOG_NORMAL = 2, LOG_DETAILED = 3, LOG_NOISY = 4 };

void log_set_level(enum log_level level);
/* True where messages of that level are written. */
bool log_shows(enum log_level level);

/* For a daemon: what goes to standard error now goes to the journal, if that is the same. */
void log_use_journal(void);
/* For one that gives up its standard error. */
void log_to_syslog(void);

/* Errors are always written, even at LOG_SILENT. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum log_kind { LOG_IS_ERROR, LOG_IS_WARNING, LOG_IS_INFO, LOG_IS_DETAIL, LOG_IS_DECISION };

/* The same with fields for the journal; elsewhere the text alone is written, so it says all. */
void log_event(enum log_kind kind, const struct log_field *fields, size_t n_fields,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
