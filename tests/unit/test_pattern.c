/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `like` and `=~`: what matches, and that no pattern takes long or much. */
#include "rules_fixture.h"

#include <time.h>

static bool glob(const char *pattern, const char *text)
{
	struct fault fault = {0};
	char copy[512];
	snprintf(copy, sizeof(copy), "%s", pattern);
	struct expr_value value = {.text = copy, .length = strlen(copy)};
	assert_int_equal(glob_check(&value, &fault), 0);
	/* The matcher is given no zero behind the text. */
	char *exact = malloc(strlen(text) + 1);
	memcpy(exact, text, strlen(text));
	exact[strlen(text)] = '#';
	bool matches = glob_matches(pattern, exact, strlen(text));
	free(exact);
	return matches;
}

static void test_glob(void **state)
{
	(void)state;
	assert_true(glob("", ""));
	assert_false(glob("", "a"));
	assert_true(glob("*", ""));
	assert_true(glob("***", "abc"));
	assert_false(glob("?", ""));
	assert_true(glob("abc", "abc"));
	assert_false(glob("abc", "abcd"));
	assert_false(glob("abcd", "abc"));
	assert_false(glob("abc", "ABC"));
	assert_true(glob("*/java", "/usr/bin/java"));
	assert_true(glob("/usr/*", "/usr/bin/java"));
	assert_false(glob("*/java", "/usr/bin/javac"));
	assert_true(glob("*a*b*c*", "xxaxxbxxcxx"));
	assert_false(glob("*a*b*c*", "xxaxxcxxbxx"));
	assert_true(glob("*aab", "aaaab"));
	assert_true(glob("a?c", "abc"));
	assert_true(glob("a?c", "aéc"));
	assert_true(glob("?*?", "éé"));
	assert_false(glob("*??", "é"));
	assert_true(glob("*é", "caf\xc3\xa9"));
	assert_true(glob("[a-c]x", "bx"));
	assert_false(glob("[a-c]x", "dx"));
	assert_true(glob("[!a-c]x", "dx"));
	assert_true(glob("[^a-c]x", "dx"));
	assert_false(glob("[!a-c]x", "ax"));
	assert_true(glob("[]x]", "]"));
	assert_true(glob("[!]x]", "a"));
	assert_true(glob("[a-]", "-"));
	assert_true(glob("[\\]]", "]"));
	assert_true(glob("\\*", "*"));
	assert_false(glob("\\*", "a"));
	assert_true(glob("a\\\\b", "a\\b"));
}

static struct regex *regex(const char *pattern)
{
	struct fault fault = {0};
	char copy[512];
	snprintf(copy, sizeof(copy), "%s", pattern);
	struct expr_value value = {.text = copy, .length = strlen(copy)};
	struct regex *regex = regex_new(&value, &fault);
	assert_non_null(regex);
	return regex;
}

static bool found(const char *pattern, const char *text)
{
	struct regex *compiled = regex(pattern);
	bool matches = regex_matches(compiled, text, strlen(text));
	regex_free(compiled);
	return matches;
}

static void test_regex(void **state)
{
	(void)state;
	assert_true(found("", ""));
	assert_true(found("b", "abc"));
	assert_false(found("^b", "abc"));
	assert_true(found("^(eth|wan)[0-9]+$", "wan12"));
	assert_false(found("^(eth|wan)[0-9]+$", "wan"));
	assert_true(found("(?i)JAVA", "/usr/bin/java"));
	assert_true(found("(a)(b)(c)(d)\\4", "abcdd"));
	assert_true(found("^(?:ab|cd)*$", "abcdabcdabcdabcd"));
	assert_true(found("caf\xc3\xa9", "un caf\xc3\xa9"));
}

/* Patterns that would take ages are given up, and say no. */
static void test_regex_limits(void **state)
{
	char text[4001];
	struct timespec from, to;
	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_false(found("^(a+)+$b", text));
	assert_false(found("(a*)*(a*)*(a*)*b", text));
	assert_false(found("^(?:a|b(c))*d$", text));
	assert_false(found("(?R)?b", text));
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 20);
}

static void test_glob_is_bounded(void **state)
{
	char text[4001];
	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
	assert_true(glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*", text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_regex),
		cmocka_unit_test(test_regex_limits),
		cmocka_unit_test(test_glob_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
