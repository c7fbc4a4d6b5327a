/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct sample {
	const char *text;
	int error;
	uint64_t number; /* where there is no error */
};

typedef int (*reader)(const char *text, uint64_t *ret_number);

#define UNTOUCHED 4711

static void check_all(reader read, const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t number = UNTOUCHED;
		int error = read(samples[i].text, &number);
		uint64_t want = samples[i].error ? UNTOUCHED : samples[i].number;
		if (error != samples[i].error || number != want)
			fail_msg("`%s`: error %d, number %ju; expected %d, %ju", samples[i].text,
				 error, (uintmax_t)number, samples[i].error, (uintmax_t)want);
	}
}

static void test_rate(void **state)
{
	static const struct sample samples[] = {
		{"1kbit", 0, 1000},
		{"20mbit", 0, 20000000},
		{"1.5mbit", 0, 1500000},
		{"2.5gbit", 0, 2500000000},
		{"0.001kbit", 0, 1},
		{"007mbit", 0, 7000000},
		{"1kbps", 0, 8000},
		{"0.5mbps", 0, 4000000},
		{"1gbps", 0, 8000000000},
		{"0.123456789gbit", 0, 123456789},
		{"100000gbit", 0, UNITS_RATE_MAX_BPS},
		{"100000.000000001gbit", -ERANGE, 0},
		{"100001gbit", -ERANGE, 0},
		{"18446744073709551616kbit", -ERANGE, 0},
		{"18446744073709551615gbps", -ERANGE, 0},
		{"0mbit", -EDOM, 0},
		{"0.0001kbit", -EDOM, 0},
		{"20", -ENODATA, 0},
		{"1.5", -ENODATA, 0},
		{"20 mbit", -ENOENT, 0},
		{"20Mbit", -ENOENT, 0},
		{"20mbits", -ENOENT, 0},
		{"20mbit ", -ENOENT, 0},
		{"20%", -ENOENT, 0},
		{"1.2.3mbit", -ENOENT, 0},
		{"1e3kbit", -ENOENT, 0},
		{"", -EINVAL, 0},
		{"mbit", -EINVAL, 0},
		{"-1mbit", -EINVAL, 0},
		{"+1mbit", -EINVAL, 0},
		{".5mbit", -EINVAL, 0},
		{"1.mbit", -EINVAL, 0},
		{"0x10mbit", -EINVAL, 0},
		{"0.1234567891gbit", -EINVAL, 0},
		{"inf", -EINVAL, 0},
	};
	(void)state;
	check_all(units_rate, samples, COUNT(samples));
}

static void test_size(void **state)
{
	static const struct sample samples[] = {
		{"0B", 0, 0},
		{"1500B", 0, 1500},
		{"64kB", 0, 64000},
		{"64KiB", 0, 65536},
		{"1.5MB", 0, 1500000},
		{"1MiB", 0, 1048576},
		{"1048576MiB", 0, UNITS_SIZE_MAX_BYTES},
		{"1048577MiB", -ERANGE, 0},
		{"64", -ENODATA, 0},
		{"64KB", -ENOENT, 0},
		{"64kb", -ENOENT, 0},
		{"64b", -ENOENT, 0},
		{"kB", -EINVAL, 0},
	};
	(void)state;
	check_all(units_size, samples, COUNT(samples));
}

static void test_duration(void **state)
{
	static const struct sample samples[] = {
		{"90", 0, 90},
		{"0", 0, 0},
		{"90s", 0, 90},
		{"1m30s", 0, 90},
		{"2h", 0, 7200},
		{"1d", 0, 86400},
		{"1w", 0, 604800},
		{"1y", 0, 31536000},
		{"1y1w1d1h1m1s", 0, 31536000 + 604800 + 86400 + 3600 + 60 + 1},
		{"100y", 0, UNITS_DURATION_MAX_S},
		{"100y1s", -ERANGE, 0},
		{"18446744073709551615w", -ERANGE, 0},
		{"1m30", -ENODATA, 0},
		{"30s1m", -ENOENT, 0},
		{"1m1m", -ENOENT, 0},
		{"1ms", -EINVAL, 0},
		{"5x", -ENOENT, 0},
		{"1 h", -ENOENT, 0},
		{"1.5h", -ENOENT, 0},
		{"", -EINVAL, 0},
		{"h", -EINVAL, 0},
		{"-5", -EINVAL, 0},
	};
	(void)state;
	check_all(units_duration, samples, COUNT(samples));
}

static void test_delay(void **state)
{
	static const struct sample samples[] = {
		{"20ms", 0, 20000000},   {"0ms", 0, 0},
		{"1s", 0, 1000000000},   {"1.5s", 0, 1500000000},
		{"0.25ms", 0, 250000},   {"10s", 0, UNITS_DELAY_MAX_NS},
		{"10001ms", -ERANGE, 0}, {"18446744073709551615s", -ERANGE, 0},
		{"20", -ENODATA, 0},     {"20us", -ENOENT, 0},
		{"1m", -ENOENT, 0},      {"1s20ms", -ENOENT, 0},
		{"20 ms", -ENOENT, 0},   {"ms", -EINVAL, 0},
		{"-1ms", -EINVAL, 0},    {"", -EINVAL, 0},
	};
	(void)state;
	check_all(units_delay, samples, COUNT(samples));
}

static void assert_percent(const char *text, double want)
{
	double percent = 0;
	assert_int_equal(units_percent(text, &percent), 0);
	assert_true(percent == want);
}

static void test_percent(void **state)
{
	double percent = UNTOUCHED;
	(void)state;
	assert_percent("100%", 100);
	assert_percent("12.5%", 12.5);
	assert_percent("0.5%", 0.5);
	assert_int_equal(units_percent("100.1%", &percent), -ERANGE);
	assert_int_equal(units_percent("0%", &percent), -EDOM);
	assert_int_equal(units_percent("10", &percent), -ENODATA);
	assert_int_equal(units_percent("10%%", &percent), -ENOENT);
	assert_int_equal(units_percent("%", &percent), -EINVAL);
	assert_true(percent == UNTOUCHED);
}

static void assert_problem(char *problem, const char *part)
{
	if (!strstr(problem, part))
		fail_msg("`%s` is not in `%s`", part, problem);
	free(problem);
}

static void test_problems(void **state)
{
	(void)state;
	assert_problem(units_rate_problem("20", -ENODATA), "write 20mbit, 20kbit");
	assert_problem(units_rate_problem("1.5Mbps", -ENOENT), "write 1.5mbit, 1.5kbit");
	assert_problem(units_rate_problem("0mbit", -EDOM), "more than zero");
	assert_problem(units_rate_problem("1000000gbit", -ERANGE), "at most 100000gbit");
	assert_problem(units_rate_problem("fast", -EINVAL), "such as 20mbit");
	assert_problem(units_percent_problem("0%", -EDOM), "more than zero");
	assert_problem(units_percent_problem("200%", -ERANGE), "at most 100%");
	assert_problem(units_percent_problem("x%", -EINVAL), "such as 10%");
	assert_problem(units_size_problem("64", -ENODATA), "write 64kB or 64MB");
	assert_problem(units_size_problem("64kb", -ENOENT), "unknown unit: write 64kB");
	assert_problem(units_size_problem("9999999MiB", -ERANGE), "at most 1048576MiB");
	assert_problem(units_size_problem("big", -EINVAL), "such as 64kB");
	assert_problem(units_duration_problem("1m30", -ENODATA), "write 1m30s");
	assert_problem(units_duration_problem("30s1m", -ENOENT), "from large to small");
	assert_problem(units_duration_problem("101y", -ERANGE), "at most 100y");
	assert_problem(units_duration_problem("soon", -EINVAL), "such as 1m30s");
	assert_problem(units_delay_problem("20", -ENODATA), "has no unit: write 20ms or 20s");
	assert_problem(units_delay_problem("20us", -ENOENT), "unknown unit: write 20ms or 20s");
	assert_problem(units_delay_problem("11s", -ERANGE), "at most 10s");
	assert_problem(units_delay_problem("soon", -EINVAL), "such as 20ms");
}

static void test_rate_text(void **state)
{
	char buffer[UNITS_TEXT_MAX];
	(void)state;
	assert_string_equal(units_rate_text(20000000, buffer), "20mbit");
	assert_string_equal(units_rate_text(1500000, buffer), "1.5mbit");
	assert_string_equal(units_rate_text(32000, buffer), "32kbit");
	assert_string_equal(units_rate_text(1, buffer), "0.001kbit");
	assert_string_equal(units_rate_text(0, buffer), "0kbit");
	assert_string_equal(units_rate_text(1234567890, buffer), "1.234gbit");
	assert_string_equal(units_rate_text(100000000000, buffer), "100gbit");
	assert_string_equal(units_rate_text(UINT64_MAX, buffer), "18446744073.709gbit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),      cmocka_unit_test(test_size),
		cmocka_unit_test(test_duration),  cmocka_unit_test(test_delay),
		cmocka_unit_test(test_percent),   cmocka_unit_test(test_problems),
		cmocka_unit_test(test_rate_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
