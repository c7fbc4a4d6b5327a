/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/show_rules.h"
#include "config/throttle_limit.h"
#include "kernel/features.h"
#include "kernel/shaper.h"
#include "kernel/table.h"

/* What this kernel offers, or the native path where that cannot be found out (not root). */
static enum queue_path queue_path(void)
{
	struct features features = {.queue_path = QUEUE_NATIVE};
	char *why = NULL;
	features_probe(&features, &why);
	free(why);
	return features.queue_path;
}

static void print_nft(const struct plan *plan, FILE *out)
{
	table_print(plan, queue_path(), out);
}

static void print_tc(const struct plan *plan, FILE *out)
{
	for (size_t i = 0; i < plan->n_interfaces; i++)
		shaper_print(plan, &plan->interfaces[i], out);
}

/* The printed text: as it is, or as a list of lines. */
static void print_text(const struct cli *cli, const char *what, const struct plan *plan,
		       void (*print)(const struct plan *plan, FILE *out))
{
	char *text = NULL, *rest = NULL;
	size_t length = 0;
	if (!cli->json) {
		print(plan, stdout);
		return;
	}
	FILE *memory = open_memstream(&text, &length);
	if (!memory)
		abort();
	print(plan, memory);
	fclose(memory);
	json_t *lines = json_array();
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		json_array_append_new(lines, json_string(line));
	cli_print_json(json_pack("{s:o}", what, lines));
	free(text);
}

static json_t *mark_json(const struct plan *plan, const struct outcome *outcome)
{
	char classid[16], mark[16];
	bool has_class = outcome_has_class(outcome), is_call = outcome->kind == OUTCOME_CALL;
	snprintf(mark, sizeof(mark), "0x%08x", nfshaper_mark(plan->mark_mask, outcome->id));
	return json_pack("{s:i, s:s, s:s, s:s?, s:b, s:s?, s:s?}", "id", (int)outcome->id, "mark",
			 mark, "name", outcome->name, "class", has_class ? outcome->name : NULL,
			 "queued", outcome->kind == OUTCOME_QUEUED, "classid",
			 has_class ? cli_classid(outcome, classid) : NULL, "throttle",
			 is_call ? outcome->name : NULL);
}

/* For the user's own nft rules, which call throttles by these values of the packet mark. */
static void print_calls(const struct plan *plan)
{
	printf("\n# for your own nft rules: meta mark set meta mark & 0x%08x | $nfshaper_call_…\n",
	       ~plan->mark_mask);
	for (size_t i = 0; i < plan->ids.count; i++) {
		const struct outcome *outcome = &plan->ids.items[i];
		if (outcome->kind != OUTCOME_CALL)
			continue;
		char *name = throttle_call_name(outcome->name);
		printf("define %s = 0x%08x\n", name, nfshaper_mark(plan->mark_mask, outcome->id));
		free(name);
	}
}

static void show_marks(const struct cli *cli, const struct plan *plan)
{
	json_t *list = json_array();
	char classid[16];
	bool has_calls = false;
	for (size_t i = 0; i < plan->ids.count; i++)
		json_array_append_new(list, mark_json(plan, &plan->ids.items[i]));
	if (cli->json) {
		cli_print_json(list);
		return;
	}
	json_decref(list);
	printf("%5s  %-10s  %-8s  %-6s  %s\n", "ID", "MARK", "CLASSID", "QUEUED", "NAME");
	for (size_t i = 0; i < plan->ids.count; i++) {
		const struct outcome *outcome = &plan->ids.items[i];
		bool has_class = outcome_has_class(outcome);
		if (outcome->kind == OUTCOME_CALL) {
			has_calls = true;
			continue;
		}
		printf("%5u  0x%08x  %-8s  %-6s  %s%s\n", outcome->id,
		       nfshaper_mark(plan->mark_mask, outcome->id),
		       has_class ? cli_classid(outcome, classid) : "-",
		       outcome->kind == OUTCOME_QUEUED ? "yes" : "no", has_class ? "class " : "",
		       outcome->name);
	}
	printf("mask   0x%08x\n", plan->mark_mask);
	if (has_calls)
		print_calls(plan);
}

static int show(const struct cli *cli, const char *what, const struct snapshot *snapshot)
{
	const struct plan *plan = snapshot->plan;
	if (strcmp(what, "nft") == 0)
		print_text(cli, what, plan, print_nft);
	else if (strcmp(what, "tc") == 0)
		print_text(cli, what, plan, print_tc);
	else if (strcmp(what, "rules") == 0)
		show_rules(cli, snapshot->config);
	else
		show_marks(cli, plan);
	return EXIT_DONE;
}

int command_show(struct cli *cli, int argc, char **argv)
{
	struct state earlier;
	if (argc != 1)
		return cli_usage("`show` takes one of: nft, tc, rules, marks");
	if (strcmp(argv[0], "nft") != 0 && strcmp(argv[0], "tc") != 0 &&
	    strcmp(argv[0], "rules") != 0 && strcmp(argv[0], "marks") != 0)
		return cli_usage("`show` takes one of: nft, tc, rules, marks; not `%s`", argv[0]);
	struct snapshot *snapshot = cli_load(cli, &earlier);
	int status = snapshot ? show(cli, argv[0], snapshot) : EXIT_FAILED;
	snapshot_free(snapshot);
	state_fini(&earlier);
	return status;
}
