/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/report.h"
#include "util/alloc.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FRACTION_DIGITS_MAX 9
#define FRACTION_ONE UINT64_C(1000000000)

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit rate_units[] = {{"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000},
					 {"kbps", 8000}, {"mbps", 8000000}, {"gbps", 8000000000}};

static const struct unit size_units[] = {
	{"B", 1}, {"kB", 1000}, {"MB", 1000000}, {"KiB", 1024}, {"MiB", 1048576}};

static const struct unit duration_units[] = {{"y", 365 * 86400}, {"w", 7 * 86400}, {"d", 86400},
					     {"h", 3600},        {"m", 60},        {"s", 1}};

static const struct unit delay_units[] = {{"ms", 1000000}, {"s", 1000000000}};

/* A share keeps nine digits behind the point in its integer form. */
static const struct unit percent_units[] = {{"%", FRACTION_ONE}};

/* A decimal number: whole + fraction / FRACTION_ONE. */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
};

/* Reads digits; -EINVAL where there is none, -ERANGE where they do not fit. */
static int read_digits(const char **text, uint64_t *ret_number)
{
	uint64_t number = 0;
	const char *digit = *text;
	for (; *digit >= '0' && *digit <= '9'; digit++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*digit - '0'), &number))
			return -ERANGE;
	if (digit == *text)
		return -EINVAL;
	*text = digit;
	*ret_number = number;
	return 0;
}

/* Reads `20` or `1.5` and steps behind it. */
static int read_decimal(const char **text, struct decimal *ret_decimal)
{
	struct decimal decimal = {0};
	int error = read_digits(text, &decimal.whole);
	if (error)
		return error;
	if (**text == '.') {
		const char *digits = ++*text;
		error = read_digits(text, &decimal.fraction);
		if (error || *text - digits > FRACTION_DIGITS_MAX)
			return -EINVAL;
		for (long i = *text - digits; i < FRACTION_DIGITS_MAX; i++)
			decimal.fraction *= 10;
	}
	*ret_decimal = decimal;
	return 0;
}

/* Whole × factor + fraction × factor, rounded down. */
static int multiply(const struct decimal *decimal, uint64_t factor, uint64_t max,
		    uint64_t *ret_number)
{
	uint64_t number;
	uint64_t fraction = decimal->fraction * factor / FRACTION_ONE;
	if (__builtin_mul_overflow(decimal->whole, factor, &number) ||
	    __builtin_add_overflow(number, fraction, &number) || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

static int read_with_unit(const char *text, const struct unit *units, size_t n_units, uint64_t max,
			  uint64_t *ret_number)
{
	struct decimal decimal;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return -EINVAL;
	int error = read_decimal(&text, &decimal);
	if (error)
		return error;
	if (!*text)
		return -ENODATA;
	for (size_t i = 0; i < n_units; i++)
		if (strcmp(text, units[i].name) == 0)
			return multiply(&decimal, units[i].factor, max, ret_number);
	return -ENOENT;
}

int units_rate(const char *text, uint64_t *ret_bps)
{
	uint64_t bps;
	int error = read_with_unit(text, rate_units, COUNT(rate_units), UNITS_RATE_MAX_BPS, &bps);
	if (!error && bps == 0)
		error = -EDOM;
	if (!error)
		*ret_bps = bps;
	return error;
}

int units_percent(const char *text, double *ret_percent)
{
	uint64_t number;
	int error = read_with_unit(text, percent_units, 1, 100 * FRACTION_ONE, &number);
	if (!error && number == 0)
		error = -EDOM;
	if (!error)
		*ret_percent = (double)number / (double)FRACTION_ONE;
	return error;
}

int units_size(const char *text, uint64_t *ret_bytes)
{
	return read_with_unit(text, size_units, COUNT(size_units), UNITS_SIZE_MAX_BYTES, ret_bytes);
}

int units_delay(const char *text, uint64_t *ret_ns)
{
	return read_with_unit(text, delay_units, COUNT(delay_units), UNITS_DELAY_MAX_NS, ret_ns);
}

int units_duration(const char *text, uint64_t *ret_seconds)
{
	uint64_t seconds = 0, number;
	size_t next_unit = 0;
	const char *rest = text;
	do {
		int error = read_digits(&rest, &number);
		if (error)
			return error;
		if (!*rest && next_unit > 0)
			return -ENODATA;
		size_t i = *rest ? next_unit : COUNT(duration_units) - 1;
		while (i < COUNT(duration_units) && *rest && *rest != duration_units[i].name[0])
			i++;
		if (i == COUNT(duration_units))
			return -ENOENT;
		if (__builtin_mul_overflow(number, duration_units[i].factor, &number) ||
		    __builtin_add_overflow(seconds, number, &seconds) ||
		    seconds > UNITS_DURATION_MAX_S)
			return -ERANGE;
		next_unit = i + 1;
		rest += *rest != '\0';
	} while (*rest);
	*ret_seconds = seconds;
	return 0;
}

/* The digits in front, for a remedy that uses the user's own number. */
static int number_length(const char *text)
{
	return (int)strspn(text, "0123456789.");
}

static char *rate_unit_problem(const char *text, const char *what)
{
	char buffer[SHOWN_MAX];
	text_shown(text, buffer);
	int length = number_length(buffer);
	return xasprintf("`%s` %s: write %.*smbit, %.*skbit or %.*sgbit (bits per second), or "
			 "%.*skbps, %.*smbps (bytes per second)",
			 buffer, what, length, text, length, text, length, text, length, text,
			 length, text);
}

char *units_rate_problem(const char *text, int error)
{
	if (error == -ENODATA)
		return rate_unit_problem(text, "has no unit");
	if (error == -ENOENT)
		return rate_unit_problem(text, "has an unknown unit");
	if (error == -EDOM)
		return xasprintf("`%s` is no bandwidth at all: a rate is more than zero",
				 SHOWN(text));
	if (error == -ERANGE)
		return xasprintf("`%s` is too large: at most %" PRIu64 "gbit", SHOWN(text),
				 UNITS_RATE_MAX_BPS / 1000000000);
	return xasprintf("`%s` is not a rate: write a number and its unit, such as 20mbit, 500kbit "
			 "or 1.5gbit",
			 SHOWN(text));
}

char *units_percent_problem(const char *text, int error)
{
	if (error == -EDOM)
		return xasprintf("`%s` is no bandwidth at all: a share is more than zero",
				 SHOWN(text));
	if (error == -ERANGE)
		return xasprintf("`%s` is more than the whole line: a share is at most 100%%",
				 SHOWN(text));
	return xasprintf("`%s` is not a share: write a number and %%, such as 10%%", SHOWN(text));
}

char *units_size_problem(const char *text, int error)
{
	if (error == -ENODATA || error == -ENOENT)
		return xasprintf(
			"`%s` has %s unit: write %.*skB or %.*sMB (1000-based), %.*sKiB or "
			"%.*sMiB (1024-based), or %.*sB",
			SHOWN(text), error == -ENODATA ? "no" : "an unknown", number_length(text),
			text, number_length(text), text, number_length(text), text,
			number_length(text), text, number_length(text), text);
	if (error == -ERANGE)
		return xasprintf("`%s` is too large: at most %" PRIu64 "MiB", SHOWN(text),
				 UNITS_SIZE_MAX_BYTES >> 20);
	return xasprintf("`%s` is not a size: write a number and its unit, such as 64kB or 1MiB",
			 SHOWN(text));
}

char *units_duration_problem(const char *text, int error)
{
	if (error == -ERANGE)
		return xasprintf("`%s` is too long: at most 100y", SHOWN(text));
	if (error == -ENODATA)
		return xasprintf("`%s` ends without unit: write %ss", SHOWN(text), SHOWN(text));
	if (error == -ENOENT)
		return xasprintf(
			"`%s` has an unknown unit or a wrong order: write y, w, d, h, m, s, "
			"from large to small, such as 1m30s",
			SHOWN(text));
	return xasprintf("`%s` is not a duration: write seconds, or such as 1m30s, 2h, 1d",
			 SHOWN(text));
}

char *units_delay_problem(const char *text, int error)
{
	if (error == -ENODATA || error == -ENOENT)
		return xasprintf("`%s` has %s unit: write %.*sms or %.*ss", SHOWN(text),
				 error == -ENODATA ? "no" : "an unknown", number_length(text), text,
				 number_length(text), text);
	if (error == -ERANGE)
		return xasprintf("`%s` is too long: at most 10s", SHOWN(text));
	return xasprintf("`%s` is not a delay: write a number and its unit, such as 20ms or 1s",
			 SHOWN(text));
}

const char *units_rate_text(uint64_t bps, char *buffer)
{
	size_t unit = bps >= 1000000000 ? 2 : bps >= 1000000 ? 1 : 0;
	uint64_t factor = rate_units[unit].factor;
	uint64_t thousandths = bps % factor / (factor / 1000);
	int length = snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64 ".%03" PRIu64, bps / factor,
			      thousandths);
	while (buffer[length - 1] == '0')
		length--;
	if (buffer[length - 1] == '.')
		length--;
	snprintf(buffer + length, UNITS_TEXT_MAX - (size_t)length, "%s", rate_units[unit].name);
	return buffer;
}
