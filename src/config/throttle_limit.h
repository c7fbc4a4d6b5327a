/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the `throttles:` of a rules.yaml and the `throttle` command have in common. */
#ifndef CONFIG_THROTTLE_LIMIT_H
#define CONFIG_THROTTLE_LIMIT_H

#include <stdint.h>

#define THROTTLE_TAG_MAX 63                     /* bytes */
#define THROTTLE_SESSIONS_MAX ((1u << 28) - 1)  /* what the table of sessions can number */
#define THROTTLE_BURST_MAX_BYTES 18446744073ull /* what a bucket can hold, in billionths */

/*
 * Reads `25/60`: packets, and the seconds in which they may pass (also as a duration, `25/1m`).
 * NULL; or what is wrong with the text and what would be right, which the caller frees.
 */
char *throttle_limit_parse(const char *text, uint32_t *ret_packets, uint64_t *ret_span_s);

/* NULL where the text can be a tag; or what is wrong with it, which the caller frees. */
char *throttle_tag_problem(const char *tag);

/* `nfshaper_call_DNS_throttle` of DNS-throttle: what nft rules call it by. The caller frees it. */
char *throttle_call_name(const char *tag);

#endif
