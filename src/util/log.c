/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static enum log_level level = LOG_NORMAL;
static bool to_syslog;

void log_set_level(enum log_level new_level)
{
	level = new_level;
}

bool log_shows(enum log_level asked)
{
	return level >= asked;
}

void log_to_syslog(void)
{
	openlog("nfshaper", LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

static void write_message(int priority, const char *prefix, const char *format, va_list args)
{
	if (to_syslog) {
		vsyslog(priority, format, args);
		return;
	}
	flockfile(stderr);
	fprintf(stderr, "nfshaper: %s", prefix);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

#define DEFINE_LOG(name, lowest, priority, prefix)                                                 \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
		if (level < (lowest))                                                              \
			return;                                                                    \
		va_start(args, format);                                                            \
		write_message(priority, prefix, format, args);                                     \
		va_end(args);                                                                      \
	}

DEFINE_LOG(log_error, LOG_SILENT, LOG_ERR, "")
DEFINE_LOG(log_warning, LOG_NORMAL, LOG_WARNING, "warning: ")
DEFINE_LOG(log_info, LOG_NORMAL, LOG_INFO, "")
DEFINE_LOG(log_detail, LOG_DETAILED, LOG_DEBUG, "")
