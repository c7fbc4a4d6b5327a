/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts: util/text, util/diag, and what config/ does with characters. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/names.h"
#include "config/report.h"
#include "config/source.h"
#include "util/diag.h"
#include "util/text.h"

static void test_number(void **state)
{
	uint64_t number = 0;
	(void)state;
	assert_int_equal(text_to_u64("0", 10, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(text_to_u64("010", 10, &number), 0);
	assert_int_equal(number, 10);
	assert_int_equal(text_to_u64("0xFf", 255, &number), 0);
	assert_int_equal(number, 255);
	assert_int_equal(text_to_u64("18446744073709551615", UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(text_to_u64("11", 10, &number), -ERANGE);
	assert_int_equal(text_to_u64("18446744073709551616", UINT64_MAX, &number), -ERANGE);
	assert_true(number == UINT64_MAX);
}

static void test_no_number(void **state)
{
	static const char *const texts[] = {"",    " 1",   "1 ", "-1", "+1", "0x",
					    "0x ", "0x-1", "0x0x1", "1x", "a",  "x1", "1.0"};
	uint64_t number = 4711;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(text_to_u64(texts[i], UINT64_MAX, &number), -EINVAL);
	assert_int_equal(number, 4711);
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"interfaces", "classes", "rules", "if"};
	char long_name[200];
	(void)state;
	assert_string_equal(text_nearest("clases", names, 4), "classes");
	assert_string_equal(text_nearest("interface", names, 4), "interfaces");
	assert_string_equal(text_nearest("iff", names, 4), "if");
	assert_string_equal(text_nearest("rules", names, 4), "rules");
	assert_null(text_nearest("colour", names, 4));
	assert_null(text_nearest("rules", names, 0));
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_null(text_nearest(long_name, names, 4));
}

static void test_utf8_length(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("a", 1), 1);
	assert_int_equal(utf8_length("\xc3\xa9", 2), 2);
	assert_int_equal(utf8_length("\xe2\x82\xac", 3), 3);
	assert_int_equal(utf8_length("\xf0\x9f\x98\x80", 4), 4);
	assert_int_equal(utf8_length("", 0), 0);
	assert_int_equal(utf8_length("\xe2\x82\xac", 2), 0); /* cut off */
	assert_int_equal(utf8_length("\x80", 1), 0);         /* begins in the middle */
	assert_int_equal(utf8_length("\xc0\x80", 2), 0);     /* too long for its value */
	assert_int_equal(utf8_length("\xe0\x80\xaf", 3), 0);
	assert_int_equal(utf8_length("\xed\xa0\x80", 3), 0);     /* a surrogate */
	assert_int_equal(utf8_length("\xf4\x90\x80\x80", 4), 0); /* above U+10FFFF */
	assert_int_equal(utf8_length("\xff", 1), 0);
}

static void test_shown(void **state)
{
	char text[200] = "two\nlines\tand a tab";
	(void)state;
	assert_string_equal(SHOWN(text), "two lines and a tab");
	memset(text, 'x', 199);
	text[60] = '\0';
	assert_string_equal(SHOWN(text), text);
	strcpy(text + 59, "\xc3\xa9 and more");
	assert_int_equal(strlen(SHOWN(text)), 59 + strlen("…"));
	assert_string_equal(SHOWN(text) + 59, "…");
}

static void test_diags(void **state)
{
	struct diags diags;
	struct place first = {"a", 7, 1}, second = {"a", 2, 9}, whole = {"a", 0, 0};
	struct place other = {"0", 5, 1};
	char *text = NULL;
	size_t size;
	(void)state;
	diags_init(&diags);
	diag_error(&diags, first, "number %d", 1);
	diag_error(&diags, other, "number %d", 5);
	diag_warning(&diags, second, "number %d", 2);
	diag_error(&diags, first, "number %d", 3);
	diag_error(&diags, whole, "number %d", 4);
	assert_int_equal(diags.errors, 4);
	diags_sort(&diags);
	FILE *out = open_memstream(&text, &size);
	diags_print(&diags, out);
	fclose(out);
	assert_string_equal(text, "a: number 4\na:2:9: warning: number 2\na:7:1: number 1\n"
				  "a:7:1: number 3\n0:5:1: number 5\n");
	free(text);
	diags_fini(&diags);
}

static void test_names(void **state)
{
	struct names names = {0};
	size_t position = 4711;
	(void)state;
	assert_false(names_find(&names, "b", &position));
	names_add(&names, "c", 0);
	names_add(&names, "b", 1);
	names_add(&names, "a", 2);
	names_add(&names, "b", 3);
	names_sort(&names);
	assert_int_equal(names.items[1].position, 1);
	assert_int_equal(names.items[2].position, 3);
	assert_false(names_find(&names, "d", &position));
	assert_int_equal(position, 4711);
	assert_true(names_find(&names, "a", &position));
	assert_int_equal(position, 2);
	names_fini(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),  cmocka_unit_test(test_no_number),
		cmocka_unit_test(test_nearest), cmocka_unit_test(test_utf8_length),
		cmocka_unit_test(test_shown),   cmocka_unit_test(test_diags),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
