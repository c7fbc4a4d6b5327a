/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#define EXTRA_MAX 8 /* fields of an event's own */

static enum log_level level = LOG_NORMAL;
static bool to_syslog;
static int journal = -1;

static const struct {
	enum log_level lowest;
	int priority; /* syslog(3) */
	const char *prefix;
} kinds[] = {
	[LOG_IS_ERROR] = {LOG_SILENT, LOG_ERR, ""},
	[LOG_IS_WARNING] = {LOG_NORMAL, LOG_WARNING, "warning: "},
	[LOG_IS_INFO] = {LOG_NORMAL, LOG_INFO, ""},
	[LOG_IS_DETAIL] = {LOG_DETAILED, LOG_DEBUG, ""},
	[LOG_IS_DECISION] = {LOG_NOISY, LOG_DEBUG, ""},
};

void log_set_level(enum log_level new_level)
{
	level = new_level;
}

bool log_shows(enum log_level asked)
{
	return level >= asked;
}

void log_use_journal(void)
{
	if (journal < 0 && journal_has_stderr())
		journal = journal_open();
}

void log_to_syslog(void)
{
	if (journal < 0)
		journal = journal_open();
	openlog("nfshaper", LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

/* False where the journal does not take it. */
static bool write_journal(enum log_kind kind, const struct log_field *fields, size_t n_fields,
			  const char *text)
{
	const char priority[] = {(char)('0' + kinds[kind].priority), '\0'};
	struct log_field all[3 + EXTRA_MAX] = {
		{"MESSAGE", text}, {"PRIORITY", priority}, {"SYSLOG_IDENTIFIER", "nfshaper"}};
	size_t count = 3;
	if (journal < 0)
		return false;
	for (size_t i = 0; i < n_fields && i < EXTRA_MAX; i++)
		all[count++] = fields[i];
	return journal_send(journal, all, count) == 0;
}

static void write_message(enum log_kind kind, const struct log_field *fields, size_t n_fields,
			  const char *format, va_list args)
{
	char *text = NULL;
	if (level < kinds[kind].lowest || vasprintf(&text, format, args) < 0)
		return;
	if (write_journal(kind, fields, n_fields, text)) {
		/* It is there. */
	} else if (to_syslog) {
		syslog(kinds[kind].priority, "%s", text);
	} else {
		flockfile(stderr);
		fprintf(stderr, "nfshaper: %s%s\n", kinds[kind].prefix, text);
		funlockfile(stderr);
	}
	free(text);
}

#define DEFINE_LOG(name, kind)                                                                     \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
		va_start(args, format);                                                            \
		write_message(kind, NULL, 0, format, args);                                        \
		va_end(args);                                                                      \
	}

DEFINE_LOG(log_error, LOG_IS_ERROR)
DEFINE_LOG(log_warning, LOG_IS_WARNING)
DEFINE_LOG(log_info, LOG_IS_INFO)
DEFINE_LOG(log_detail, LOG_IS_DETAIL)

void log_event(enum log_kind kind, const struct log_field *fields, size_t n_fields,
	       const char *format, ...)
{
	va_list args;
	va_start(args, format);
	write_message(kind, fields, n_fields, format, args);
	va_end(args);
}
