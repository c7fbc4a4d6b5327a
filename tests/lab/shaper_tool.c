/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shaper by itself, for test_shaper*.sh: builds a plan of one interface from its arguments.
 *
 *   shaper_tool [OPTIONS] apply|print|clear|monitor DEVICE BPS LEAF keep|replace
 * MINOR:PRIO:RATE:CEIL … shaper_tool [OPTIONS] remove|read DEVICE shaper_tool can-ifb
 *
 * `monitor` applies the plan, and again whenever something of it is lost, which it says, for the
 * seconds of -t.
 *
 *   -i OF       DEVICE is an IFB device for what comes in by OF
 *   -n          DEVICE is on the inside
 *   -l LINK     ethernet, atm, ptm
 *   -o BYTES    overhead
 *   -t SECONDS
 *   -m MASK     of marks; the classes have the ids 1, 2 … in their order
 *
 * MINOR is hexadecimal; LEAF auto, fq_codel, cake, sfq or pfifo. `clear` removes all that this plan
 * does not have. `read` prints one line for each class: minor, rate, ceil, now, bytes, packets,
 * drops, backlog, and when this was, in ns. `can-ifb` prints yes, or why not. An error is printed
 * as `ERRNO-NAME: what: message`, exit status 1.
 */
#include <inttypes.h>
#include <nfshaper/mark.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernel/shaper.h"
#include "kernel/shaper_monitor.h"

#define CLASSES_MAX 64

static int usage(void)
{
	fputs("usage: shaper_tool [OPTIONS] apply|print|clear|remove|read|can-ifb|monitor …\n",
	      stderr);
	return 2;
}

static int report(int code, const struct nl_error *error)
{
	if (code)
		printf("%s: %s: %s\n", strerrorname_np(-code), error->what ? error->what : "",
		       error->message);
	return code != 0;
}

static int parse_word(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -1;
}

static int parse_leaf(const char *text, enum config_leaf *ret_leaf)
{
	static const char *const names[] = {"auto", "fq_codel", "cake", "sfq", "pfifo", NULL};
	static const enum config_leaf leaves[] = {LEAF_AUTO, LEAF_FQ_CODEL, LEAF_CAKE, LEAF_SFQ,
						  LEAF_PFIFO};
	int index = parse_word(text, names);
	if (index >= 0)
		*ret_leaf = leaves[index];
	return index < 0 ? -1 : 0;
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

static void add_id(struct plan *plan, const struct plan_class *class)
{
	char name[32];
	snprintf(name, sizeof(name), "%x", class->minor);
	const struct outcome outcome = {.id = (uint32_t)plan->ids.count + 1,
					.kind = OUTCOME_CLASS,
					.name = name,
					.minor = class->minor};
	ids_add(&plan->ids, &outcome);
}

/* BPS LEAF keep|replace and the classes. */
static int parse_plan(char **arguments, int count, struct plan *plan, struct plan_class *classes)
{
	struct plan_interface *interface = plan->interfaces;
	interface->classes = classes;
	if (count < 4 || count - 3 > CLASSES_MAX || parse_leaf(arguments[1], &interface->leaf))
		return -1;
	interface->line_bps = strtoull(arguments[0], NULL, 10);
	interface->replace = strcmp(arguments[2], "replace") == 0;
	for (int i = 3; i < count; i++) {
		struct plan_class *class = &classes[interface->n_classes++];
		if (parse_class(arguments[i], class))
			return -1;
		add_id(plan, class);
	}
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

/* As a start of the daemon does it: what waits in classes that are not in the plan is lost. */
static int apply(const struct plan *plan, const struct plan_interface *interface,
		 struct nl_error *error)
{
	bool left;
	int result = shaper_apply(plan, interface, error);
	return result ? result : shaper_prune(interface, true, &left, error);
}

static int run(const char *command, struct plan *plan)
{
	struct plan_interface *interface = plan->interfaces;
	struct nl_error error = {0};
	if (strcmp(command, "apply") == 0)
		return report(apply(plan, interface, &error), &error);
	if (strcmp(command, "clear") == 0)
		return report(shaper_remove_others(plan, &error), &error);
	if (strcmp(command, "remove") == 0)
		return report(shaper_remove(interface, &error), &error);
	if (strcmp(command, "read") == 0)
		return report(shaper_read(interface, print_stats, NULL), &error);
	if (strcmp(command, "print") != 0)
		return usage();
	shaper_print(plan, interface, stdout);
	return 0;
}

static void put_back(const char *name, void *data)
{
	struct plan *plan = data;
	struct nl_error error;
	printf("lost: %s\n", name);
	report(shaper_apply(plan, plan->interfaces, &error), &error);
	fflush(stdout);
}

static int watch(struct plan *plan, int seconds)
{
	struct shaper_monitor *monitor = shaper_monitor_open();
	struct timespec end, now;
	if (!monitor)
		return report(-1, &(struct nl_error){.what = "opening a monitor"});
	struct nl_error error;
	if (report(shaper_apply(plan, plan->interfaces, &error), &error))
		return 1;
	puts("watching");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	do {
		struct pollfd fd = {.fd = shaper_monitor_fd(monitor), .events = POLLIN};
		poll(&fd, 1, 100);
		shaper_monitor_read(monitor, put_back, plan);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec);
	shaper_monitor_close(monitor);
	return 0;
}

static int can_ifb(void)
{
	char *why = NULL;
	bool can = shaper_can_ifb(&why);
	puts(can ? "yes" : why);
	free(why);
	return !can;
}

static int parse_options(int argc, char **argv, struct plan *plan, int *ret_seconds)
{
	static const char *const links[] = {"ethernet", "atm", "ptm", NULL};
	struct plan_interface *interface = plan->interfaces;
	int option;
	while ((option = getopt(argc, argv, "+i:nl:o:m:t:")) != -1) {
		switch (option) {
		case 'i':
			interface->way = PLAN_IFB;
			interface->of = optarg;
			break;
		case 'n':
			interface->way = PLAN_INSIDE;
			break;
		case 'l':
			interface->link = (enum config_link)parse_word(optarg, links);
			break;
		case 'o':
			interface->overhead = atoi(optarg);
			break;
		case 'm':
			plan->mark_mask = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 't':
			*ret_seconds = atoi(optarg);
			break;
		default:
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct plan_class classes[CLASSES_MAX];
	struct plan_interface interface = {.way = PLAN_OUT};
	struct plan plan = {
		.mark_mask = NFSHAPER_MASK_DEFAULT, .interfaces = &interface, .n_interfaces = 1};
	int result, seconds = 5;
	if (parse_options(argc, argv, &plan, &seconds) || optind == argc)
		return usage();
	const char *command = argv[optind++];
	if (strcmp(command, "can-ifb") == 0)
		return can_ifb();
	if (optind == argc)
		return usage();
	interface.name = argv[optind++];
	if (!interface.of)
		interface.of = interface.name;
	if (argc > optind && parse_plan(argv + optind, argc - optind, &plan, classes))
		return usage();
	result = strcmp(command, "monitor") == 0 ? watch(&plan, seconds) : run(command, &plan);
	ids_fini(&plan.ids);
	return result;
}
