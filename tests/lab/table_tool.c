/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table by itself, for test_table_*.sh: builds a plan from its arguments.
 *
 *   table_tool install|print [-C] [-k MASK] [-f FIRST] [-n WORKERS] [-c] [-i INTERFACE] …
 *              [-m PROTO/PORT[/ADDR/LENGTH]] …
 *              ID:class:NAME:MINOR|ID:queued:NAME:MINOR|ID:drop|ID:reject|ID:call:TAG …
 *   table_tool stop|remove|ids|counters|probe|clear MASK
 *
 * -C takes the compat path (else what the probe finds), -c is on-failure: closed. MINOR is
 * hexadecimal. An error is printed as `ERRNO-NAME: what: message`, exit status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/conntrack.h"
#include "kernel/table.h"
#include "net/proto.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

static int usage(void)
{
	fputs("usage: table_tool install|print|stop|remove|ids|counters|probe|clear …\n", stderr);
	return 2;
}

static int report(int code, const struct nl_error *error)
{
	if (code)
		printf("%s: %s: %s\n", strerrorname_np(-code),
		       error && error->what ? error->what : "", error ? error->message : "");
	return code != 0;
}

static int add_outcome(struct plan *plan, const char *text)
{
	struct outcome outcome = {0};
	char kind[8], name[256] = "";
	int n = sscanf(text, "%" SCNu32 ":%7[a-z]:%255[^:]:%" SCNx16, &outcome.id, kind, name,
		       &outcome.minor);
	if (n < 2 || outcome_kind_parse(kind, &outcome.kind))
		return -1;
	outcome.name = n > 2 ? name : kind;
	ids_add(&plan->ids, &outcome);
	return 0;
}

static int add_management(struct plan *plan, char *text)
{
	struct config_management item = {0};
	char *port = strchr(text, '/'), *from;
	if (!port)
		return -1;
	*port++ = '\0';
	from = strchr(port, '/');
	if (from)
		*from++ = '\0';
	item.port = (uint16_t)atoi(port);
	item.has_from = from != NULL;
	if (proto_parse(text, &item.proto) || (from && prefix_parse(from, &item.from)))
		return -1;
	plan->management = xreallocarray(plan->management, plan->n_management + 1, sizeof(item));
	plan->management[plan->n_management++] = item;
	return 0;
}

static void add_interface(struct plan *plan, char *name)
{
	plan->interfaces =
		xreallocarray(plan->interfaces, plan->n_interfaces + 1, sizeof(*plan->interfaces));
	plan->interfaces[plan->n_interfaces++] = (struct plan_interface){.name = name};
}

static int parse_plan(struct plan *plan, bool *compat, int argc, char **argv)
{
	int option;
	while ((option = getopt(argc, argv, "Ck:f:n:ci:m:")) >= 0) {
		if (option == 'C')
			*compat = true;
		else if (option == 'k')
			plan->mark_mask = (uint32_t)strtoul(optarg, NULL, 16);
		else if (option == 'f')
			plan->queue_first = (uint16_t)atoi(optarg);
		else if (option == 'n')
			plan->workers = (unsigned)atoi(optarg);
		else if (option == 'c')
			plan->fail_open = false;
		else if (option == 'i')
			add_interface(plan, optarg);
		else if (option != 'm' || add_management(plan, optarg))
			return -1;
	}
	for (int i = optind; i < argc; i++)
		if (add_outcome(plan, argv[i]))
			return -1;
	return plan->ids.count ? 0 : -1;
}

static int probe(struct features *features)
{
	char *why = NULL;
	int code = features_probe(features, &why);
	if (code)
		printf("%s: %s\n", strerrorname_np(-code), why);
	free(why);
	return code != 0;
}

static int with_plan(const char *command, int argc, char **argv)
{
	struct plan plan = {.mark_mask = NFSHAPER_MASK_DEFAULT, .workers = 1, .fail_open = true};
	struct features features = {.queue_path = QUEUE_COMPAT};
	struct nl_error error = {0};
	bool compat = false;
	int status = 0;
	if (parse_plan(&plan, &compat, argc, argv))
		status = usage();
	else if (!compat)
		status = probe(&features);
	if (!status && strcmp(command, "install") == 0)
		status = report(table_install(&plan, features.queue_path, &error), &error);
	else if (!status)
		table_print(&plan, features.queue_path, stdout);
	ids_fini(&plan.ids);
	free(plan.management);
	free(plan.interfaces);
	return status;
}

static int print_ids(void)
{
	struct ids ids = {0};
	int code = table_read_ids(&ids);
	for (size_t i = 0; i < ids.count; i++)
		printf("%" PRIu32 " %s %s %x\n", ids.items[i].id,
		       outcome_kind_text(ids.items[i].kind), ids.items[i].name, ids.items[i].minor);
	ids_fini(&ids);
	return report(code, NULL);
}

static int print_counters(void)
{
	struct table_counters counters;
	int code = table_read_counters(&counters);
	if (!code)
		printf("exempt %" PRIu64 " untracked %" PRIu64 " undecided %" PRIu64 "\n",
		       counters.exempt, counters.untracked, counters.undecided);
	return report(code, NULL);
}

int main(int argc, char **argv)
{
	struct nl_error error = {0};
	struct features features;
	const char *command = argc > 1 ? argv[1] : "";
	if (strcmp(command, "install") == 0 || strcmp(command, "print") == 0)
		return with_plan(command, argc - 1, argv + 1);
	if (strcmp(command, "stop") == 0)
		return report(table_stop_queueing(&error), &error);
	if (strcmp(command, "remove") == 0)
		return report(table_remove(&error), &error);
	if (strcmp(command, "clear") == 0 && argc == 3)
		return report(conntrack_clear_marks((uint32_t)strtoul(argv[2], NULL, 16), &error),
			      &error);
	if (strcmp(command, "ids") == 0)
		return print_ids();
	if (strcmp(command, "counters") == 0)
		return print_counters();
	if (strcmp(command, "probe") == 0) {
		if (probe(&features))
			return 1;
		puts(queue_path_text(features.queue_path));
		return 0;
	}
	return usage();
}
