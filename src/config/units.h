/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers with units, as rules.yaml has them. Units are mandatory (but for seconds) and written
 * in one way only: `Mbps` means bits to some and bytes to others, so neither is guessed.
 *
 *   rates      kbit mbit gbit   1000-based bits per second
 *              kbps mbps gbps   1000-based bytes per second, as tc(8) has them
 *   shares     %
 *   sizes      B kB MB (1000-based) KiB MiB (1024-based)
 *   durations  s m h d w y, one after the other from large to small; y is 365 days; or seconds
 *   delays     ms s
 *
 * Rates, shares, sizes and delays may have up to nine digits behind a point.
 *
 * All readers take a whole text, without blanks, and return 0 or
 *   -EINVAL   not a number
 *   -ENODATA  a number without unit
 *   -ENOENT   a number with an unknown unit
 *   -EDOM     zero (rates, shares)
 *   -ERANGE   too large
 */
#ifndef CONFIG_UNITS_H
#define CONFIG_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* 100 tbit/s. Sums of as many classes as a file can hold do not overflow. */
#define UNITS_RATE_MAX_BPS UINT64_C(100000000000000)
#define UNITS_SIZE_MAX_BYTES (UINT64_C(1) << 40)
#define UNITS_DELAY_MAX_NS UINT64_C(10000000000)
#define UNITS_DURATION_MAX_S (UINT64_C(100) * 365 * 86400)

int units_rate(const char *text, uint64_t *ret_bps);
/* 0 < percent ≤ 100. */
int units_percent(const char *text, double *ret_percent);
int units_size(const char *text, uint64_t *ret_bytes);
int units_duration(const char *text, uint64_t *ret_seconds);
int units_delay(const char *text, uint64_t *ret_ns);

/* What is wrong with such a text, and what would be right. The caller frees the result. */
char *units_rate_problem(const char *text, int error);
char *units_percent_problem(const char *text, int error);
char *units_size_problem(const char *text, int error);
char *units_duration_problem(const char *text, int error);
char *units_delay_problem(const char *text, int error);

#define UNITS_TEXT_MAX 32

/* `1.5mbit`: at most three digits behind the point. The result is `buffer`, of UNITS_TEXT_MAX. */
const char *units_rate_text(uint64_t bps, char *buffer);

#endif
