/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shaper by itself, for test_shaper.sh: builds a plan from its arguments.
 *
 *   shaper_tool apply|print INTERFACE OUT_BPS LEAF keep|replace MINOR:PRIO:RATE_BPS:CEIL_BPS …
 *   shaper_tool remove|read INTERFACE
 *
 * MINOR is hexadecimal; LEAF auto, fq_codel, cake, sfq or pfifo. `read` prints one line for each
 * class: minor, rate, ceil, now, bytes, packets, drops, backlog, and when this was, in ns. An
 * error is printed as `ERRNO-NAME: what: message`, exit status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/shaper.h"

#define CLASSES_MAX 64

static int usage(void)
{
	fputs("usage: shaper_tool apply|print|remove|read INTERFACE …\n", stderr);
	return 2;
}

static int report(int code, const struct nl_error *error)
{
	if (code)
		printf("%s: %s: %s\n", strerrorname_np(-code), error->what ? error->what : "",
		       error->message);
	return code != 0;
}

static int parse_leaf(const char *text, enum config_leaf *ret_leaf)
{
	static const char *const names[] = {"auto", "fq_codel", "cake", "sfq", "pfifo"};
	static const enum config_leaf leaves[] = {LEAF_AUTO, LEAF_FQ_CODEL, LEAF_CAKE, LEAF_SFQ,
						  LEAF_PFIFO};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_leaf = leaves[i];
			return 0;
		}
	}
	return -1;
}

static int parse_class(const char *text, struct plan_class *ret_class)
{
	struct plan_class class = {.name = text};
	if (sscanf(text, "%" SCNx16 ":%u:%" SCNu64 ":%" SCNu64, &class.minor, &class.priority,
		   &class.rate_bps, &class.ceil_bps) != 4)
		return -1;
	*ret_class = class;
	return 0;
}

static int with_plan(const char *command, char **arguments, int count)
{
	struct plan_class classes[CLASSES_MAX];
	struct plan_interface plan = {.name = arguments[0], .classes = classes};
	struct nl_error error;
	if (count < 5 || count - 4 > CLASSES_MAX || parse_leaf(arguments[2], &plan.leaf))
		return usage();
	plan.line_bps = strtoull(arguments[1], NULL, 10);
	plan.replace = strcmp(arguments[3], "replace") == 0;
	for (int i = 4; i < count; i++)
		if (parse_class(arguments[i], &classes[plan.n_classes++]))
			return usage();
	if (strcmp(command, "apply") == 0)
		return report(shaper_apply(NULL, &plan, &error), &error);
	shaper_print(NULL, &plan, stdout);
	return 0;
}

static void print_stats(const struct shaper_stats *stats, void *data)
{
	struct timespec now;
	(void)data;
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%x", stats->minor);
	printf(" %" PRIu64 " %" PRIu64 " %" PRIu64, stats->rate_bps, stats->ceil_bps,
	       stats->now_bps);
	printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, stats->bytes, stats->packets,
	       stats->drops, stats->backlog_bytes);
	printf(" %lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
}

int main(int argc, char **argv)
{
	struct plan_interface plan = {.name = argc < 3 ? NULL : argv[2]};
	struct nl_error error = {0};
	if (argc < 3)
		return usage();
	if (strcmp(argv[1], "apply") == 0 || strcmp(argv[1], "print") == 0)
		return with_plan(argv[1], argv + 2, argc - 2);
	if (strcmp(argv[1], "remove") == 0)
		return report(shaper_remove(&plan, &error), &error);
	if (strcmp(argv[1], "read") == 0)
		return report(shaper_read(&plan, print_stats, NULL), &error);
	return usage();
}
