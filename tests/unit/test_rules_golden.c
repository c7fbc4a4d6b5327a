/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks over tests/rules (golden.h): files whose YAML is right, with expressions and sets that are
 * wrong, or that are right; then NN-name.ok says which rules match the packets below. The source
 * folder is argv[1], or $srcdir, or the present one.
 */
#include "golden.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "engine/decide.h"
#include "engine/snapshot.h"

#define WRONG_FILES_MIN 50
#define GOOD_FILES_MIN 4

/* A request to a host in New Zealand on a Saturday night, and a ping that comes in on Monday. */
static void print_matches(const struct snapshot *snapshot, FILE *out)
{
	struct packet packets[] = {
		{.proto = IPPROTO_TCP, .has_ports = true, .sport = 40000, .dport = 8080},
		{.proto = IPPROTO_ICMPV6, .has_icmp = true, .icmp_type = 128},
	};
	struct packet_origin origins[] = {
		{.direction = DIRECTION_OUT, .oif = "wan0"},
		{.direction = DIRECTION_IN, .iif = "wan0"},
	};
	struct local_time times[] = {
		{.has_minute = true, .has_weekday = true, .minute = 23 * 60, .weekday = 6},
		{.has_minute = true, .has_weekday = true, .minute = 8 * 60 + 30, .weekday = 1},
	};
	assert_int_equal(addr_parse("192.168.1.20", &packets[0].src), 0);
	assert_int_equal(addr_parse("192.0.2.9", &packets[0].dst), 0);
	assert_int_equal(addr_parse("2001:db8:7::1", &packets[1].src), 0);
	assert_int_equal(addr_parse("2001:db8:1::1", &packets[1].dst), 0);
	for (size_t i = 0; i < snapshot->config->n_rules; i++) {
		fprintf(out, "%s:", snapshot->config->rules[i].name);
		for (size_t j = 0; j < 2; j++) {
			struct facts facts = decide_facts(snapshot, &packets[j], &origins[j]);
			facts.now = times[j];
			facts.cc = j == 0 ? "NZ" : NULL;
			facts.mark = j == 0 ? 0 : 0x20;
			fprintf(out, " %s",
				ruleset_rule_matches(snapshot->ruleset, i, &facts) ? "yes" : "no");
		}
		fputc('\n', out);
	}
}

static struct golden_texts load(const char *path)
{
	struct golden_texts texts = {0};
	struct diags diags;
	struct snapshot_known known = {0};
	size_t size;
	diags_init(&diags);
	struct snapshot *snapshot = snapshot_load(path, &known, &diags);
	assert_int_equal(snapshot == NULL, diags.errors > 0);
	FILE *out = open_memstream(&texts.diagnostics, &size);
	diags_sort(&diags);
	diags_print(&diags, out);
	fclose(out);
	if (snapshot) {
		out = open_memstream(&texts.numbers, &size);
		print_matches(snapshot, out);
		fclose(out);
	}
	snapshot_free(snapshot);
	diags_fini(&diags);
	return texts;
}

static void test_files(void **state)
{
	(void)state;
	golden_check_folder(load, WRONG_FILES_MIN, GOOD_FILES_MIN);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
	};
	const char *source = argc > 1 ? argv[1] : getenv("srcdir");
	if (chdir(source ? source : ".") < 0 || chdir("tests/rules") < 0) {
		fprintf(stderr, "tests/rules: %s\n", strerror(errno));
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
