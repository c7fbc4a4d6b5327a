/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/read.h"
#include "config/text_map.h"
#include "config/values.h"
#include "util/alloc.h"

#define SETTLES                                                                                    \
	"`class: NAME`, or `action: accept`, `drop` or `reject`, or `throttle: TAG` to go on "     \
	"within its limit"

/* A rule while it is being read. */
struct draft {
	char *name;
	const struct node *condition;
	const struct node *class;
	const struct node *action;
	const struct node *throttle;
	const struct node *over;
};

/* What rules refer to by name. */
struct referents {
	struct names classes;
	struct names throttles;
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
	SCHEMA_KEY("throttle", SCHEMA_TEXT, "the tag of a throttle", keep_node,
		   offsetof(struct draft, throttle)),
	SCHEMA_KEY("over", SCHEMA_TEXT, "drop, reject or class NAME", keep_node,
		   offsetof(struct draft, over)),
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

/* `what` is "class", `list` the key that holds them all. */
static void report_unknown(struct reader *reader, const struct node *value, const char *text,
			   const char *what, const char *list, const struct names *names)
{
	if (reader->diags->errors > REPORT_ERRORS_MAX)
		return; /* the search below costs, and nobody would see its result */
	if (names->count == 0) {
		report_error(reader->diags, value->at, "unknown %s `%s`: the file has no `%s`",
			     what, SHOWN(text), list);
		return;
	}
	const char **known = xcalloc(names->count, sizeof(*known));
	for (size_t i = 0; i < names->count; i++)
		known[i] = names->items[i].text;
	char *guess = schema_guess(text, known, names->count);
	report_error(reader->diags, value->at, "unknown %s `%s`: name one of `%s`%s", what,
		     SHOWN(text), list, guess);
	free(guess);
	free(known);
}

static void read_class(struct reader *reader, const struct referents *referents,
		       const struct node *value, const char *name, size_t *ret_index)
{
	if (!names_find(&referents->classes, name, ret_index) && !reader->classes_unknown)
		report_unknown(reader, value, name, "class", "classes", &referents->classes);
}

static void read_throttle(struct reader *reader, const struct referents *referents,
			  const struct node *value, struct config_rule *rule)
{
	rule->has_throttle = names_find(&referents->throttles, value->text, &rule->throttle_index);
	if (!rule->has_throttle && !reader->throttles_unknown)
		report_unknown(reader, value, value->text, "throttle", "throttles",
			       &referents->throttles);
}

/* `drop`, `reject` or `class NAME` */
static void read_over(struct reader *reader, const struct referents *referents,
		      const struct node *value, struct config_rule *rule)
{
	static const char *const words[] = {"drop", "reject", "class NAME"};
	static const enum config_action actions[] = {ACTION_DROP, ACTION_REJECT, ACTION_CLASS};
	const char *text = value->text;
	size_t position, prefix = strlen("class");
	if (strncmp(text, "class", prefix) == 0 && (text[prefix] == ' ' || text[prefix] == '\t')) {
		rule->over = ACTION_CLASS;
		text += prefix;
		read_class(reader, referents, value, text + strspn(text, " \t"),
			   &rule->over_class_index);
	} else if (value_word(reader, "over", value, words, 3, &position)) {
		rule->over = actions[position];
	}
}

/* What is missing or too much. */
static void check_settles(struct reader *reader, const struct node *map,
			  const struct config_rule *rule)
{
	const struct node *class = node_get(map, "class"), *action = node_get(map, "action");
	const struct node *throttle = node_get(map, "throttle"), *over = node_get(map, "over");
	if (class && action)
		report_error(reader->diags, map->at,
			     "rule `%s` has both `class` and `action`: keep one of them",
			     SHOWN(rule->name));
	else if (throttle && action)
		report_error(reader->diags, map->at,
			     "rule `%s` has both `throttle` and `action`: keep one of them; what "
			     "becomes of packets over the limit is said by `over`",
			     SHOWN(rule->name));
	else if (!class && !action && !throttle)
		report_error(reader->diags, map->at, "rule `%s` settles nothing: add " SETTLES,
			     SHOWN(rule->name));
	if (over && !throttle)
		report_error(reader->diags, over->at,
			     "rule `%s` has `over` and no `throttle` that packets could be over",
			     SHOWN(rule->name));
}

static void settle(struct reader *reader, const struct referents *referents, const struct node *map,
		   const struct draft *draft, struct config_rule *rule)
{
	rule->action = ACTION_CONTINUE;
	rule->over = ACTION_DROP;
	if (draft->class) {
		rule->action = ACTION_CLASS;
		read_class(reader, referents, draft->class, draft->class->text, &rule->class_index);
	}
	if (draft->action)
		read_action(reader, draft->action, rule);
	if (draft->throttle)
		read_throttle(reader, referents, draft->throttle, rule);
	if (draft->over)
		read_over(reader, referents, draft->over, rule);
	check_settles(reader, map, rule);
}

static void read_rule(struct reader *reader, const struct referents *referents,
		      const struct node *map, struct config_rule *rule)
{
	struct draft draft = {0};
	size_t number = (size_t)(rule - reader->config->rules) + 1;
	rule->at = map->at;
	if (schema_check_kind(reader, "a rule", map, SCHEMA_MAP,
			      "a map, such as {if: dport == 25, action: reject}"))
		schema_read(reader, &schema, map, &draft);
	rule->name = draft.name ? draft.name : xasprintf("rule %zu", number);
	if (draft.condition)
		config_text_init(&rule->condition,
				 yaml_trees_source(&reader->trees, draft.condition->at.file),
				 draft.condition);
	if (map->kind == NODE_MAP)
		settle(reader, referents, map, &draft, rule);
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
				     "another rule is named `%s`, in %s: names of rules are "
				     "unique",
				     SHOWN(rule->name), PLACE_SHOWN(first->at, rule->at));
	}
	names_fini(&names);
}

void read_rules(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	struct referents referents = {0};
	(void)key;
	ensure_default_class(config);
	for (size_t i = 0; i < config->n_classes; i++)
		names_add(&referents.classes, config->classes[i].name, i);
	for (size_t i = 0; i < config->n_throttles; i++)
		names_add(&referents.throttles, config->throttles[i].tag, i);
	names_sort(&referents.classes);
	names_sort(&referents.throttles);
	config->rules = xcalloc(value->count, sizeof(*config->rules));
	for (; config->n_rules < value->count; config->n_rules++)
		read_rule(reader, &referents, value->items[config->n_rules],
			  &config->rules[config->n_rules]);
	names_fini(&referents.classes);
	names_fini(&referents.throttles);
	check_names(reader);
}
