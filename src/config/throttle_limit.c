/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/throttle_limit.h"

#include <stdlib.h>
#include <string.h>

#include "config/report.h"
#include "config/units.h"
#include "util/alloc.h"
#include "util/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

char *throttle_limit_parse(const char *text, uint32_t *ret_packets, uint64_t *ret_span_s)
{
	const char *slash = strchr(text, '/');
	uint64_t packets, span;
	if (!slash)
		return xasprintf("`%s` is no packets/seconds: write such as 25/60", SHOWN(text));
	char *number = xstrndup(text, (size_t)(slash - text));
	int error = text_to_u64(number, UINT32_MAX, &packets);
	free(number);
	if (error || packets == 0)
		return xasprintf("`%s` does not begin with a number of packets from 1 to %u: write "
				 "such as 25/60",
				 SHOWN(text), UINT32_MAX);
	error = units_duration(slash + 1, &span);
	if (error) {
		char *why = units_duration_problem(slash + 1, error);
		char *problem = xasprintf("`%s`: %s", SHOWN(text), why);
		free(why);
		return problem;
	}
	if (span == 0)
		return xasprintf(
			"`%s` has no time in which packets could pass: write such as 25/60",
			SHOWN(text));
	*ret_packets = (uint32_t)packets;
	*ret_span_s = span;
	return NULL;
}

char *throttle_tag_problem(const char *tag)
{
	if (strlen(tag) > THROTTLE_TAG_MAX)
		return xasprintf("`%s` is too long for a throttle: at most %d bytes", SHOWN(tag),
				 THROTTLE_TAG_MAX);
	if (!tag[0] || tag[strspn(tag, LETTERS "0123456789-_")])
		return xasprintf("`%s` cannot be a throttle: a tag has letters, digits, `-` and "
				 "`_` only",
				 SHOWN(tag));
	return NULL;
}

char *throttle_call_name(const char *tag)
{
	char *name = xasprintf("nfshaper_call_%s", tag);
	for (char *at = name; *at; at++)
		if (*at == '-')
			*at = '_';
	return name;
}
