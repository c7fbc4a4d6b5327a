/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/read.h"
#include "config/text_map.h"
#include "config/values.h"
#include "util/alloc.h"

#define SETTLES "`class: NAME`, or `action: accept`, `drop` or `reject`"

/* A rule while it is being read. */
struct draft {
	char *name;
	const struct node *condition;
	const struct node *class;
	const struct node *action;
};

static void keep_node(struct reader *reader, const char *key, const struct node *value, void *field)
{
	(void)reader;
	(void)key;
	*(const struct node **)field = value;
}

static void read_condition(struct reader *reader, const char *key, const struct node *value,
			   void *field)
{
	if (value->text[strspn(value->text, " \t\n")])
		keep_node(reader, key, value, field);
	else
		report_error(reader->diags, value->at,
			     "`%s` is empty: write a test, such as dport == 25", key);
}

static const struct schema_key keys[] = {
	SCHEMA_KEY("name", SCHEMA_TEXT, "a text", value_name, offsetof(struct draft, name)),
	SCHEMA_REQUIRED("if", SCHEMA_TEXT,
			"a test, such as dport == 25 (in quotes where it begins with a quote, [ "
			"or {)",
			read_condition, offsetof(struct draft, condition),
			"write a test, such as `if: dport == 25`; what no rule settles gets class "
			"default"),
	SCHEMA_KEY("class", SCHEMA_TEXT, "the name of a class", keep_node,
		   offsetof(struct draft, class)),
	SCHEMA_KEY("action", SCHEMA_TEXT, "accept, drop or reject", keep_node,
		   offsetof(struct draft, action)),
	SCHEMA_LATER("throttle"),
	SCHEMA_LATER("over"),
};

static const struct schema schema = SCHEMA("a rule", keys);

static void read_action(struct reader *reader, const struct node *value, struct config_rule *rule)
{
	static const char *const words[] = {"accept", "drop", "reject"};
	static const enum config_action actions[] = {ACTION_ACCEPT, ACTION_DROP, ACTION_REJECT};
	size_t position;
	if (value_word(reader, "action", value, words, 3, &position))
		rule->action = actions[position];
}

static void report_unknown_class(struct reader *reader, const struct node *value)
{
	const struct config *config = reader->config;
	if (reader->diags->errors > REPORT_ERRORS_MAX)
		return; /* the search below costs, and nobody would see its result */
	const char **known = xcalloc(config->n_classes, sizeof(*known));
	for (size_t i = 0; i < config->n_classes; i++)
		known[i] = config->classes[i].name;
	char *guess = schema_guess(value->text, known, config->n_classes);
	report_error(reader->diags, value->at, "unknown class `%s`: name one of `classes`%s",
		     SHOWN(value->text), guess);
	free(guess);
	free(known);
}

static void read_class(struct reader *reader, const struct names *classes, const struct node *value,
		       struct config_rule *rule)
{
	rule->action = ACTION_CLASS;
	if (!names_find(classes, value->text, &rule->class_index) && !reader->classes_unknown)
		report_unknown_class(reader, value);
}

static void settle(struct reader *reader, const struct names *classes, const struct node *map,
		   const struct draft *draft, struct config_rule *rule)
{
	const struct node *class = node_get(map, "class"), *action = node_get(map, "action");
	bool is_later = node_get(map, "throttle") != NULL;
	if (draft->class)
		read_class(reader, classes, draft->class, rule);
	if (draft->action)
		read_action(reader, draft->action, rule);
	if (class && action)
		report_error(reader->diags, map->at,
			     "rule `%s` has both `class` and `action`: keep one of them",
			     SHOWN(rule->name));
	else if (!class && !action && !is_later)
		report_error(reader->diags, map->at, "rule `%s` settles nothing: add " SETTLES,
			     SHOWN(rule->name));
}

static void read_rule(struct reader *reader, const struct names *classes, const struct node *map,
		      struct config_rule *rule)
{
	struct draft draft = {0};
	size_t number = (size_t)(rule - reader->config->rules) + 1;
	rule->at = map->at;
	if (schema_check_kind(reader, "a rule", map, SCHEMA_MAP,
			      "a map, such as {if: dport == 25, action: reject}"))
		schema_read(reader, &schema, map, &draft);
	rule->name = draft.name ? draft.name : xasprintf("rule %zu", number);
	if (draft.condition)
		config_text_init(&rule->condition, reader->source, draft.condition);
	if (map->kind == NODE_MAP)
		settle(reader, classes, map, &draft, rule);
}

/* Also a given name `rule 3` against the third rule's. */
static void check_names(struct reader *reader)
{
	const struct config *config = reader->config;
	struct names names = {0};
	for (size_t i = 0; i < config->n_rules; i++)
		names_add(&names, config->rules[i].name, i);
	names_sort(&names);
	for (size_t i = 1; i < names.count; i++) {
		const struct config_rule *first = &config->rules[names.items[i - 1].position];
		const struct config_rule *rule = &config->rules[names.items[i].position];
		if (strcmp(first->name, rule->name) == 0)
			report_error(reader->diags, rule->at,
				     "another rule is named `%s`, in line %u: names of rules are "
				     "unique",
				     SHOWN(rule->name), first->at.line);
	}
	names_fini(&names);
}

void read_rules(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	struct names classes = {0};
	(void)key;
	ensure_default_class(config);
	for (size_t i = 0; i < config->n_classes; i++)
		names_add(&classes, config->classes[i].name, i);
	names_sort(&classes);
	config->rules = xcalloc(value->count, sizeof(*config->rules));
	for (; config->n_rules < value->count; config->n_rules++)
		read_rule(reader, &classes, value->items[config->n_rules],
			  &config->rules[config->n_rules]);
	names_fini(&classes);
	check_names(reader);
}
