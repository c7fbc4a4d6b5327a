/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/member.h"
#include "cli/rate.h"
#include "cli/style.h"
#include "cli/throttle_table.h"

static void print_confirm(const json_t *status)
{
	const json_t *confirm = json_object_get(status, "confirm");
	if (json_is_true(json_object_get(status, "config_is_copy")))
		printf("%s           in force is the last confirmed configuration, not the "
		       "file%s\n",
		       style_begin(stdout, STYLE_WARNING), style_end(stdout));
	if (json_is_object(confirm))
		printf("%sconfirm    within %.0f s (nfshaper confirm), or it goes back%s\n",
		       style_begin(stdout, STYLE_WARNING),
		       json_number_value(json_object_get(confirm, "seconds_left")),
		       style_end(stdout));
}

/* What is not there costs something: its reason is told. */
static void print_kernel(const json_t *kernel)
{
	const json_t *ifb = json_object_get(kernel, "ifb");
	printf("kernel     %s, queue path %s", member_text(kernel, "release"),
	       member_text(kernel, "queue"));
	if (json_is_true(ifb))
		printf(", IFB");
	if (json_is_false(ifb))
		printf(", no IFB: %s", member_text(kernel, "ifb_why"));
	putchar('\n');
}

static void print_queue(const json_t *queue)
{
	printf("queue      %lld worker%s (queues %lld–%lld), length %lld, on-failure %s\n"
	       "packets    %lld received, %lld answered, %lld waiting, %lld malformed\n"
	       "lost       %lld queue full, %lld socket full, %lld overruns, %lld late answers\n",
	       member_number(queue, "workers"), member_number(queue, "workers") == 1 ? "" : "s",
	       member_number(queue, "first"),
	       member_number(queue, "first") + 2 * member_number(queue, "workers") - 1,
	       member_number(queue, "length"), member_text(queue, "on_failure"),
	       member_number(queue, "received"), member_number(queue, "verdicts"),
	       member_number(queue, "waiting"), member_number(queue, "malformed"),
	       member_number(queue, "queue_dropped"), member_number(queue, "socket_dropped"),
	       member_number(queue, "enobufs"), member_number(queue, "verdict_errors"));
}

static void print_owners(const json_t *owners)
{
	const char *why = json_string_value(json_object_get(owners, "why"));
	printf("owners     %s", member_text(owners, "source"));
	if (why)
		printf(" (%s)", why);
	if (member_number(owners, "lookups") == 0) {
		putchar('\n');
		return;
	}
	printf(", %lld look-ups, %lld at once, %lld searched in %lld folders, %lld unknown\n"
	       "           %lld packets waiting, %lld late\n",
	       member_number(owners, "lookups"), member_number(owners, "hits"),
	       member_number(owners, "misses"), member_number(owners, "searches"),
	       member_number(owners, "unknown"), member_number(owners, "waiting"),
	       member_number(owners, "late"));
}

static void print_class(const json_t *class)
{
	char rate[32], ceil[32], now[32], connections[24] = "-";
	if (json_is_integer(json_object_get(class, "connections")))
		snprintf(connections, sizeof(connections), "%lld",
			 member_number(class, "connections"));
	printf("  %-16s %-4s %-8s %11s %11s %11s %14lld %10lld %8lld %10lld %6s\n",
	       member_text(class, "name"), member_text(class, "direction"),
	       member_text(class, "classid"),
	       rate_text((double)member_number(class, "rate_bps"), rate, sizeof(rate)),
	       rate_text((double)member_number(class, "ceil_bps"), ceil, sizeof(ceil)),
	       rate_text((double)member_number(class, "now_bps"), now, sizeof(now)),
	       member_number(class, "bytes"), member_number(class, "packets"),
	       member_number(class, "drops"), member_number(class, "backlog_bytes"), connections);
}

static void print_classes(const json_t *classes)
{
	const json_t *class;
	size_t index;
	if (json_array_size(classes))
		printf("  %-16s %-4s %-8s %11s %11s %11s %14s %10s %8s %10s %6s\n", "CLASS", "DIR",
		       "CLASSID", "RATE", "CEIL", "NOW", "BYTES", "PACKETS", "DROPS", "BACKLOG",
		       "CONNS");
	json_array_foreach(classes, index, class) print_class(class);
}

/* `out 20mbit, in 100mbit via police (auto: no IFB, …)` */
static void print_directions(const json_t *interface)
{
	long long out = member_number(interface, "out_bps"),
		  in = member_number(interface, "in_bps");
	const json_t *via;
	size_t index;
	char rate[32];
	if (out)
		printf(", out %s", rate_text(out, rate, sizeof(rate)));
	if (!in)
		return;
	printf(", in %s via", rate_text(in, rate, sizeof(rate)));
	json_array_foreach(json_object_get(interface, "in_via_all"), index, via)
		printf("%s %s", index ? "," : "", json_string_value(via));
	printf(" (%s)", member_text(interface, "in_via_why"));
}

static void print_interface(const json_t *interface)
{
	const json_t *warning;
	size_t index;
	printf("\n%s%s%s", style_begin(stdout, STYLE_HEAD), member_text(interface, "name"),
	       style_end(stdout));
	print_directions(interface);
	if (!json_is_true(json_object_get(interface, "present")))
		printf(": not there now; it is shaped when it appears");
	putchar('\n');
	json_array_foreach(json_object_get(interface, "warnings"), index, warning)
		printf("  %s! %s%s\n", style_begin(stdout, STYLE_WARNING),
		       json_string_value(warning), style_end(stdout));
	print_classes(json_object_get(interface, "classes"));
}

static void print_flowtables(const json_t *flowtables)
{
	const json_t *flowtable;
	size_t index;
	json_array_foreach(flowtables, index, flowtable)
		printf("%s! flowtable `%s`: flows that it takes over go past nfshaper%s\n",
		       style_begin(stdout, STYLE_WARNING), json_string_value(flowtable),
		       style_end(stdout));
}

static void print_throttles(const json_t *throttles)
{
	const json_t *throttle;
	size_t index;
	int width = throttle_table_tag_width(throttles);
	if (json_array_size(throttles) == 0)
		return;
	putchar('\n');
	throttle_table_print_head(width);
	json_array_foreach(throttles, index, throttle) throttle_table_print_row(throttle, width);
}

static void print_rules(const json_t *rules)
{
	const json_t *rule;
	size_t index;
	if (json_array_size(rules))
		printf("\n  %10s %10s  %s\n", "HITS", "OVER", "RULE");
	json_array_foreach(rules, index, rule)
		printf("  %10lld %10lld  %s\n", member_number(rule, "hits"),
		       member_number(rule, "over"), member_text(rule, "rule"));
}

static void print_remark(const json_t *remark)
{
	const char *state = member_text(remark, "state");
	if (strcmp(state, "none") == 0)
		return;
	printf("living     %lld of %lld judged again, %lld changed, %lld left to their next "
	       "packet, "
	       "%.2f s%s",
	       member_number(remark, "seen"), member_number(remark, "total"),
	       member_number(remark, "changed"), member_number(remark, "undecided"),
	       json_number_value(json_object_get(remark, "seconds")),
	       strcmp(state, "running") == 0 ? ", goes on" : "");
	if (strcmp(state, "failed") == 0)
		printf(", FAILED: %s", member_text(remark, "error"));
	putchar('\n');
}

static void print_status(const json_t *status)
{
	const json_t *interface, *not_judged = json_object_get(status, "not_judged");
	size_t index;
	printf("nfshaper   %s, pid %lld, %s\n", member_text(status, "version"),
	       member_number(status, "pid"), member_text(status, "config"));
	print_confirm(status);
	print_kernel(json_object_get(status, "kernel"));
	print_queue(json_object_get(status, "queue"));
	if (json_is_object(not_judged))
		printf("not judged %lld exempt, %lld without a conntrack entry, %lld bridged, "
		       "%lld let through undecided\n",
		       member_number(not_judged, "exempt"), member_number(not_judged, "untracked"),
		       member_number(not_judged, "bridged"),
		       member_number(not_judged, "undecided"));
	else
		printf("%snot judged ALL PACKETS: the table inet nfshaper is gone%s\n",
		       style_begin(stdout, STYLE_ERROR), style_end(stdout));
	print_owners(json_object_get(status, "owners"));
	print_remark(json_object_get(status, "remark"));
	print_flowtables(json_object_get(status, "flowtables"));
	json_array_foreach(json_object_get(status, "interfaces"), index, interface)
		print_interface(interface);
	print_throttles(json_object_get(status, "throttles"));
	print_rules(json_object_get(status, "rules"));
}

int command_status(struct cli *cli, int argc, char **argv)
{
	json_t *status = NULL;
	(void)argv;
	if (cli_no_arguments("status", argc))
		return EXIT_USAGE;
	int error = client_ask(cli, "status", NULL, &status);
	if (error)
		return error;
	if (cli->json) {
		cli_print_json(status);
	} else {
		print_status(status);
		json_decref(status);
	}
	return EXIT_DONE;
}
