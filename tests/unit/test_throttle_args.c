/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options and the argument of `throttle`, and the request that they become. */
#include "fixture.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/throttle_args.h"
#include "config/session_field.h"

#define WORDS_MAX 12

/* Options as getopt(3) hands them over: `-m 0xff -A 25/60`, one letter a word. */
static int read_line(const char *line, char *buffer, size_t size, struct throttle_args *args)
{
	struct cli_option options[WORDS_MAX];
	char *words[WORDS_MAX], *state = NULL;
	size_t n_options = 0;
	int n_words = 0;
	assert_true(strlen(line) < size);
	strcpy(buffer, line);
	for (char *word = strtok_r(buffer, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
		if (word[0] != '-') {
			words[n_words++] = word;
			continue;
		}
		options[n_options].letter = word[1];
		options[n_options++].value =
			strchr("bmstTxr", word[1]) ? strtok_r(NULL, " ", &state) : NULL;
	}
	return throttle_args_read(options, n_options, n_words, words, args);
}

static void assert_refused(const char *line)
{
	char buffer[200];
	struct throttle_args args;
	if (read_line(line, buffer, sizeof(buffer), &args) != EXIT_USAGE)
		fail_msg("%s is not refused", line);
}

/* The request, as compact JSON with sorted keys. */
static void assert_request(const char *line, const char *expected)
{
	char buffer[200];
	struct throttle_args args;
	assert_int_equal(read_line(line, buffer, sizeof(buffer), &args), EXIT_DONE);
	assert_int_equal(args.action, THROTTLE_SET);
	json_t *request = throttle_args_request(&args);
	char *text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, expected);
	free(text);
	json_decref(request);
}

static void test_manual(void **state)
{
	(void)state;
	assert_request("-m 0xffffffff -T SMTP-throttle 25/60",
		       "{\"mask\":4294967295,\"packets\":25,\"span_s\":60,"
		       "\"tag\":\"SMTP-throttle\"}");
	assert_request("-m 0xffffffff -T DNS-throttle 50/1",
		       "{\"mask\":4294967295,\"packets\":50,\"span_s\":1,"
		       "\"tag\":\"DNS-throttle\"}");
}

/* What is not given is not in the request: the daemon keeps what is there. */
static void test_requests(void **state)
{
	(void)state;
	assert_request("5/1", "{\"packets\":5,\"span_s\":1}");
	assert_request("25/1m", "{\"packets\":25,\"span_s\":60}");
	assert_request("-A 5/1", "{\"packets\":5,\"session\":[],\"span_s\":1}");
	assert_request("-S 5/1", "{\"packets\":5,\"session\":[\"saddr\"],\"span_s\":1}");
	assert_request("-D 5/1", "{\"packets\":5,\"session\":[\"daddr\"],\"span_s\":1}");
	assert_request("-D -S 5/1",
		       "{\"packets\":5,\"session\":[\"saddr\",\"daddr\"],\"span_s\":1}");
	/* Of -A and these two, what comes last counts. */
	assert_request("-A -S 5/1", "{\"packets\":5,\"session\":[\"saddr\"],\"span_s\":1}");
	assert_request("-D -A 5/1", "{\"packets\":5,\"session\":[],\"span_s\":1}");
	assert_request("-m 0 5/1", "{\"mask\":0,\"packets\":5,\"span_s\":1}");
	assert_request("-x 50000 -b 9977 5/1",
		       "{\"buckets\":9977,\"max\":50000,\"packets\":5,\"span_s\":1}");
	assert_request("-t 1m30s 5/1", "{\"expire_s\":90,\"packets\":5,\"span_s\":1}");
	assert_request("-t 1y 5/1", "{\"expire_s\":31536000,\"packets\":5,\"span_s\":1}");
	assert_request("-t 90 5/90", "{\"expire_s\":90,\"packets\":5,\"span_s\":90}");
}

static void test_show_and_remove(void **state)
{
	char buffer[200];
	struct throttle_args args;
	(void)state;
	assert_int_equal(read_line("", buffer, sizeof(buffer), &args), EXIT_DONE);
	assert_int_equal(args.action, THROTTLE_SHOW);
	assert_int_equal(read_line("-n -v -s 7 -T web", buffer, sizeof(buffer), &args), EXIT_DONE);
	assert_int_equal(args.action, THROTTLE_SHOW);
	assert_true(args.is_unsorted && args.is_verbose);
	assert_int_equal(args.serial, 7);
	assert_string_equal(args.tag, "web");
	/* Options only: those that make a throttle say nothing about what is shown. */
	assert_int_equal(read_line("-A -S -D -n -v -x 5 -m 0xffffffff -t 1h -b 7", buffer,
				   sizeof(buffer), &args),
			 EXIT_DONE);
	assert_int_equal(args.action, THROTTLE_SHOW);
	assert_int_equal(read_line("-r web", buffer, sizeof(buffer), &args), EXIT_DONE);
	assert_int_equal(args.action, THROTTLE_REMOVE);
	assert_string_equal(args.tag, "web");
}

static void test_refused(void **state)
{
	static const char *const lines[] = {
		/* values */
		"25",
		"25/",
		"/60",
		"0/60",
		"25/0",
		"25/60/5",
		"x/60",
		"25/1x",
		"25/60s1",
		"4294967296/1",
		"-t 1x 5/1",
		"-t 0 5/1",
		"-t 1s1m 5/1",
		"-t 101y 5/1",
		"-x 0 5/1",
		"-x 268435456 5/1",
		"-x many 5/1",
		"-b 0 5/1",
		"-b 9977.5 5/1",
		"-m 0x100000000 5/1",
		"-m ports 5/1",
		"-s 0",
		"-s first",
		"-s 4294967296",
		"-T a.b 5/1",
		"-T a.b",
		"-r a.b",
		/* combinations */
		"-t 30 25/60",
		"-s 1 5/1",
		"5/1 50/10",
		"-T a -T b 5/1",
		"-T a -r a",
		"-r a 5/1",
		"-r a -s 1",
		"-r a -x 5",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_refused(lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_show_and_remove),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
