/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "kernel/table.h"
#include "kernel/table_build.h"
#include "kernel/table_model.h"
#include "kernel/table_rule.h"

static const char *type_text(enum table_type type)
{
	switch (type) {
	case TABLE_TYPE_NONE:
		break;
	case TABLE_TYPE_MARK:
		return "mark";
	case TABLE_TYPE_CLASSID:
		return "classid";
	case TABLE_TYPE_IFNAME:
		return "ifname";
	case TABLE_TYPE_VERDICT:
		return "verdict";
	}
	return "";
}

static void print_number(enum table_type type, uint32_t number, FILE *out)
{
	char text[TABLE_CLASSID_MAX];
	if (type == TABLE_TYPE_CLASSID)
		fputs(table_classid_text(number, text), out);
	else
		fprintf(out, "0x%08x", number);
}

static void print_element(const struct table_set *set, const struct table_element *element,
			  FILE *out)
{
	if (element->name)
		fprintf(out, "\"%s\"", element->name);
	else
		print_number(set->key, element->key, out);
	if (set->data == TABLE_TYPE_NONE)
		return;
	fputs(" : ", out);
	if (element->chain)
		fprintf(out, "goto %s", element->chain);
	else
		print_number(set->data, element->value, out);
}

static void print_set(const struct table_set *set, FILE *out)
{
	bool map = set->data != TABLE_TYPE_NONE;
	fprintf(out, "\n\t%s %s {\n\t\ttype %s", map ? "map" : "set", set->name,
		type_text(set->key));
	if (map)
		fprintf(out, " : %s", type_text(set->data));
	fputs("\n", out);
	if (set->size)
		fprintf(out, "\t\tsize %u\n", set->size);
	for (size_t i = 0; i < set->n_elements; i++) {
		fputs(i ? ",\n\t\t\t     " : "\t\telements = { ", out);
		print_element(set, &set->elements[i], out);
	}
	fputs(set->n_elements ? " }\n\t}\n" : "\t}\n", out);
}

static void print_chain(const struct table_chain *chain, FILE *out)
{
	fprintf(out, "\n\tchain %s {\n", chain->name);
	if (chain->comment)
		fprintf(out, "\t\tcomment \"%s\"\n", chain->comment);
	if (chain->hook)
		fprintf(out, "\t\ttype filter hook %s priority %d; policy accept;\n",
			chain->hook->name, chain->hook->priority);
	for (size_t i = 0; i < chain->n_rules; i++)
		fprintf(out, "\t\t%s\n", chain->rules[i]->text);
	fputs("\t}\n", out);
}

void table_print(const struct plan *plan, enum queue_path path, FILE *out)
{
	struct table_model *model = table_build(plan, path);
	switch (path) {
	case QUEUE_NATIVE:
		break;
	case QUEUE_COMPAT:
		fputs("# This kernel has no `queue` statement (nft_queue): nfshaper itself carries "
		      "those rules\n# by the target NFQUEUE (nft_compat), to the same effect.\n",
		      out);
		break;
	}
	fprintf(out, "table inet %s {\n", model->name);
	for (size_t i = 0; i < model->n_counters; i++)
		fprintf(out, "\tcounter %s {\n\t}\n", model->counters[i]);
	for (size_t i = 0; i < model->n_sets; i++)
		print_set(model->sets[i], out);
	for (size_t i = 0; i < model->n_chains; i++)
		print_chain(model->chains[i], out);
	fputs("}\n", out);
	table_model_free(model);
}
