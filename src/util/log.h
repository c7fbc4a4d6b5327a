/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of the daemon and the command line. Only daemon/ and cli/ call this; the layers below
 * return errors. Before detaching, messages go to standard error; afterwards to syslog.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>

/* pyshaper's four levels (-V). */
enum log_level { LOG_SILENT = 1, LOG_NORMAL = 2, LOG_DETAILED = 3, LOG_NOISY = 4 };

void log_set_level(enum log_level level);
/* True where messages of that level are written. */
bool log_shows(enum log_level level);
void log_to_syslog(void);

/* Errors are always written, even at LOG_SILENT. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
