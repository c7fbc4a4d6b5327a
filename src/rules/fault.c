/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/fault.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

int fault_set(struct fault *fault, size_t offset, const char *format, ...)
{
	va_list args;
	char *message = NULL;
	if (fault->message)
		return -EINVAL;
	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = xstrdup(format);
	va_end(args);
	fault->offset = offset;
	fault->message = message;
	return -EINVAL;
}

void fault_fini(struct fault *fault)
{
	free(fault->message);
	*fault = (struct fault){0};
}

/* The second and later bytes of a UTF-8 character. */
static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

struct snippet snippet_of(const char *text, size_t length)
{
	struct snippet snippet = {""};
	size_t kept = 0, i = 0;
	for (; i < length && kept < SNIPPET_MAX; i++) {
		unsigned char c = (unsigned char)text[i];
		if (isspace(c) && kept > 0 && snippet.text[kept - 1] == ' ')
			continue;
		snippet.text[kept++] = isspace(c) ? ' ' : iscntrl(c) ? '?' : text[i];
	}
	if (i == length)
		return snippet;
	/* Not to cut a character in two. */
	while (kept > 0 && i > 0 && is_continuation(text[i])) {
		kept--;
		i--;
	}
	memcpy(snippet.text + kept, "…", sizeof("…"));
	return snippet;
}
