/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_model.h"
#include "util/alloc.h"

static void print_comments(FILE *out, const char *indent, const struct import_comments *comments)
{
	for (size_t i = 0; i < comments->count; i++)
		fprintf(out, "%s#%s%s\n", indent, comments->lines[i][0] ? " " : "",
			comments->lines[i]);
}

/* Not a number, not yes or null: begins with a letter and has nothing that YAML would see. */
static bool is_plain(const char *text)
{
	size_t length = strlen(text);
	return (isalpha((unsigned char)text[0]) || text[0] == '(') && !strstr(text, ": ") &&
	       text[length - 1] != ':' && !strchr(text, '#');
}

/* One line of YAML. */
static void print_text(FILE *out, const char *text)
{
	if (is_plain(text)) {
		fputs(text, out);
	} else if (!strpbrk(text, "\"\\")) {
		fprintf(out, "\"%s\"", text);
	} else {
		fputc('\'', out);
		for (; *text; text++)
			fputs(*text == '\'' ? "''" : (char[]){*text, '\0'}, out);
		fputc('\'', out);
	}
}

static void print_rate(FILE *out, const char *key, const struct import_rate *rate)
{
	char text[IMPORT_RATE_TEXT_MAX];
	if (!rate->bps)
		fprintf(out,
			"    # import: not in the file, and this is what pyshaper took: write what "
			"the line carries\n");
	fprintf(out, "    %s: %s\n", key, import_rate_text(import_line_bps(rate), text));
}

static void print_interfaces(const struct import_model *model, FILE *out)
{
	if (model->n_interfaces)
		fputs("\ninterfaces:\n", out);
	for (size_t i = 0; i < model->n_interfaces; i++) {
		const struct import_interface *interface = model->interfaces[i];
		print_comments(out, "  ", &interface->comments);
		fputs("  ", out);
		print_text(out, interface->name);
		fputs(":\n", out);
		print_rate(out, "out", &interface->out);
		if (import_shapes_in(interface))
			print_rate(out, "in", &interface->in);
	}
}

static bool has_default(const struct import_model *model)
{
	for (size_t i = 0; i < model->n_interfaces; i++)
		for (size_t c = 0; c < model->interfaces[i]->n_classes; c++)
			if (strcmp(model->interfaces[i]->classes[c]->name, IMPORT_DEFAULT_CLASS) ==
			    0)
				return true;
	return false;
}

static void print_class(const struct import_model *model, const struct import_interface *interface,
			struct import_class *class, FILE *out)
{
	char *body = import_class_body(model, interface, class, &class->comments);
	print_comments(out, "  ", &class->comments);
	fputs("  ", out);
	print_text(out, class->final_name);
	fprintf(out, ": %s\n", body);
	free(body);
}

static void print_classes(const struct import_model *model, FILE *out)
{
	if (!model->n_interfaces)
		return;
	fputs("\nclasses:\n", out);
	if (!has_default(model))
		fprintf(out,
			"  # import: not in the file, and this is what pyshaper took\n"
			"  " IMPORT_DEFAULT_CLASS
			": {priority: %d, out: {rate: 50%%, ceil: 100%%}}\n",
			IMPORT_PRIORITY);
	for (size_t i = 0; i < model->n_interfaces; i++)
		for (size_t c = 0; c < model->interfaces[i]->n_classes; c++)
			if (model->interfaces[i]->classes[c]->merged_into ==
			    model->interfaces[i]->classes[c])
				print_class(model, model->interfaces[i],
					    model->interfaces[i]->classes[c], out);
}

/* With several interfaces, a rule is for its own. */
static char *full_expression(const struct import_model *model, const struct import_entry *entry)
{
	const char *name = entry->interface->name;
	const struct import_rule *rule = entry->rule;
	if (model->n_interfaces == 1)
		return xstrdup(rule->expression);
	return xasprintf("(iif == '%s' or oif == '%s') and %s%s%s", name, name,
			 rule->has_or ? "(" : "", rule->expression, rule->has_or ? ")" : "");
}

static void print_key(FILE *out, const char *before, const char *key, const char *text)
{
	fprintf(out, "  %s%s: ", before, key);
	print_text(out, text);
	fputc('\n', out);
}

static void print_rule(const struct import_model *model, const struct import_entry *entry,
		       FILE *out)
{
	const struct import_rule *rule = entry->rule;
	struct import_class *class = entry->class->merged_into;
	bool is_first = class->rules_printed++ == 0;
	char *expression = full_expression(model, entry);
	char *name = is_first ? xstrdup(class->final_name)
			      : xasprintf("%s %u", class->final_name, class->rules_printed);
	print_comments(out, "  ", &rule->comments);
	if (rule->problem)
		fprintf(out, "  # import: cannot be used as it is: %s\n", rule->problem);
	print_key(out, rule->problem ? "#- " : "- ", "name", name);
	print_key(out, rule->problem ? "#  " : "  ", "if", expression);
	print_key(out, rule->problem ? "#  " : "  ", "class", class->final_name);
	free(name);
	free(expression);
}

static void print_rules(const struct import_model *model, const struct import_entry *entries,
			size_t count, FILE *out)
{
	bool has_live = false;
	for (size_t i = 0; i < count; i++)
		has_live |= !entries[i].rule->problem;
	if (count)
		fprintf(out, "\n%srules:\n", has_live ? "" : "#");
	for (size_t i = 0; i < count; i++)
		print_rule(model, &entries[i], out);
}

static void print_head(const struct import_model *model, const char *source_name,
		       const struct import_entry *entries, size_t count, FILE *out)
{
	bool asks_country = false, limits_in = false;
	for (size_t i = 0; i < count; i++)
		asks_country |= entries[i].rule->asks_country;
	for (size_t i = 0; i < model->n_interfaces; i++)
		limits_in |= import_shapes_in(model->interfaces[i]);
	fprintf(out,
		"# Made from %s by `nfshaper import`; what it changed is marked `import:`.\n"
		"#\n"
		"# 400 kbit/s of pyshaper's 1024 bits are 409.6kbit here. pyshaper knew TCP over "
		"IPv4 "
		"only;\n"
		"# these rules match every protocol: begin one with `proto == tcp and` where that "
		"matters.\n",
		source_name);
	if (limits_in)
		fputs("# pyshaper gave each connection of a class an equal part of the class's "
		      "`in`; "
		      "here they\n# share it.\n",
		      out);
	if (model->comments.count)
		fputc('\n', out);
	print_comments(out, "", &model->comments);
	fputs("\nversion: 1\n", out);
	if (asks_country)
		fputs("\n# import: the rules on countries need a database\n"
		      "#geoip: /var/lib/GeoIP/GeoLite2-Country.mmdb\n",
		      out);
}

void import_print(struct import_model *model, const char *source_name, FILE *out)
{
	size_t count;
	struct import_entry *entries = import_order_rules(model, &count);
	import_name_classes(model);
	print_head(model, source_name, entries, count, out);
	print_interfaces(model, out);
	print_classes(model, out);
	print_rules(model, entries, count, out);
	if (model->rest.count)
		fputc('\n', out);
	print_comments(out, "", &model->rest);
	free(entries);
}
