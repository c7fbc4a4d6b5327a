/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a decision costs with 10, 100, 1,000 and 10,000 rules: by the classifier, and in the same
 * run by the plain evaluation of one rule after the other. Rules are a mix of ports, prefixes,
 * ranges, countries, interfaces, sets and times; packets come from the values that the rules name,
 * and most match late or never. The country is given with the packet: looking it up in a database
 * is not part of the figures.
 *
 *   bench_rules [SEED]
 */
#include <linux/perf_event.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench_rules.h"

#define PACKETS 4096
#define BATCH 64 /* packets between two looks at the clock */
#define BATCHES 1024
#define PLAIN_TESTS_MAX 4000000u /* rules tried by the plain evaluation in one measurement */

typedef int (*match_function)(const struct ruleset *ruleset, const struct facts *facts, size_t from);

struct cost {
	double ns;           /* median of the batches, for one decision */
	double instructions; /* for one decision, < 0: not available */
};

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int counter_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static double counter_read(int fd)
{
	uint64_t count;
	if (fd < 0 || read(fd, &count, sizeof(count)) != sizeof(count) || count == 0)
		return -1;
	return (double)count;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static struct cost measure(match_function match, const struct ruleset *ruleset,
			   const struct facts *facts, size_t batches)
{
	static double ns[BATCHES];
	int fd = counter_open();
	volatile int sink = 0;
	for (size_t i = 0; i < batches; i++) {
		const struct facts *batch = &facts[i * BATCH % PACKETS];
		uint64_t start = now_ns();
		for (size_t k = 0; k < BATCH; k++)
			sink = match(ruleset, &batch[k], 0);
		ns[i] = (double)(now_ns() - start) / BATCH;
	}
	(void)sink;
	double instructions = counter_read(fd);
	if (fd >= 0)
		close(fd);
	qsort(ns, batches, sizeof(*ns), compare_doubles);
	return (struct cost){
		.ns = ns[batches / 2],
		.instructions = instructions < 0 ? -1 : instructions / (double)(batches * BATCH),
	};
}

static void print_cost(struct cost cost)
{
	printf("  %10.0f ns ", cost.ns);
	if (cost.instructions < 0)
		printf("%15s", "not available");
	else
		printf("%15.0f", cost.instructions);
}

/* How deep the packets go, and that both ways agree on each. */
static void print_matches(const struct ruleset *ruleset, const struct facts *facts)
{
	size_t none = 0, late = 0, differ = 0, count = ruleset_count(ruleset);
	size_t step = count > 1000 ? 16 : 1;
	for (size_t i = 0; i < PACKETS; i++) {
		int rule = ruleset_match(ruleset, &facts[i]);
		none += rule < 0;
		late += rule >= 0 && (size_t)rule >= count / 2;
		differ += i % step == 0 && rule != ruleset_match_plain(ruleset, &facts[i], 0);
	}
	printf("   %3zu %% never, %3zu %% in the second half", 100 * none / PACKETS,
	       100 * late / PACKETS);
	if (differ)
		printf(", %zu DIFFER", differ);
}

static void bench(size_t n_rules)
{
	static struct packet packets[PACKETS];
	static struct facts facts[PACKETS];
	struct diags diags;
	char *path = bench_write_rules(n_rules);
	diags_init(&diags);
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	uint64_t start = now_ns();
	struct config *config = config_load(path, &diags);
	uint64_t read_ns = now_ns() - start;
	size_t config_bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	struct ruleset *ruleset = config ? ruleset_compile(config, &diags) : NULL;
	uint64_t load_ns = now_ns() - start;
	size_t all_bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	unlink(path);
	free(path);
	if (!ruleset) {
		diags_print(&diags, stderr);
		exit(1);
	}
	for (size_t i = 0; i < PACKETS; i++)
		bench_random_facts(n_rules, &packets[i], &facts[i]);
	size_t plain = PLAIN_TESTS_MAX / n_rules / BATCH + 1;
	measure(ruleset_match_from, ruleset, facts, PACKETS / BATCH); /* warms up */
	printf("%6zu", n_rules);
	print_cost(measure(ruleset_match_from, ruleset, facts, BATCHES));
	print_cost(measure(ruleset_match_plain, ruleset, facts, plain < BATCHES ? plain : BATCHES));
	printf("  %6.1f + %6.1f ms  %5.2f + %5.2f MB", (double)read_ns / 1e6,
	       (double)(load_ns - read_ns) / 1e6, (double)config_bytes / 1e6,
	       (double)(all_bytes - config_bytes) / 1e6);
	print_matches(ruleset, facts);
	printf("\n");
	fflush(stdout);
	ruleset_free(ruleset);
	config_free(config);
	diags_fini(&diags);
}

int main(int argc, char **argv)
{
	bench_random_state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	printf("median of batches of %d decisions; instructions in user space; load and memory: "
	       "rules.yaml + rules\n",
	       BATCH);
	printf("%6s  %13s %15s  %13s %15s  %18s  %16s   %s\n", "rules", "classifier",
	       "instructions", "one by one", "instructions", "load", "memory", "matches");
	for (size_t n_rules = 10; n_rules <= 10000; n_rules *= 10)
		bench(n_rules);
	return 0;
}
