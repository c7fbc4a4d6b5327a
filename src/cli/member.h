/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members of the daemon's answers, for print. */
#ifndef CLI_MEMBER_H
#define CLI_MEMBER_H

#include <jansson.h>

/* 0 where there is no such number. */
static inline long long member_number(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

/* "-" where there is no such text. */
static inline const char *member_text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));
	return value ? value : "-";
}

#endif
