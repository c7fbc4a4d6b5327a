/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/show_rules.h"

#include <stdlib.h>

/* `class`, `accept`, …; NULL where the rule only has a throttle. */
static const char *action_text(enum config_action action)
{
	switch (action) {
	case ACTION_CLASS:
		return "class";
	case ACTION_ACCEPT:
		return "accept";
	case ACTION_DROP:
		return "drop";
	case ACTION_REJECT:
		return "reject";
	case ACTION_CONTINUE:
		return NULL;
	}
	abort();
}

static const char *class_name(const struct config *config, enum config_action action, size_t index)
{
	return action == ACTION_CLASS ? config->classes[index].name : NULL;
}

static json_t *rule_json(const struct config *config, const struct config_rule *rule)
{
	const char *throttle =
		rule->has_throttle ? config->throttles[rule->throttle_index].tag : NULL;
	return json_pack("{s:s, s:i, s:s, s:s?, s:s?, s:s?, s:s?, s:s?}", "rule", rule->name,
			 "line", (int)rule->at.line, "if", rule->condition.text, "action",
			 action_text(rule->action), "class",
			 class_name(config, rule->action, rule->class_index), "throttle", throttle,
			 "over", throttle ? action_text(rule->over) : NULL, "over_class",
			 throttle ? class_name(config, rule->over, rule->over_class_index) : NULL);
}

static void print_action(const struct config *config, enum config_action action, size_t class)
{
	const char *name = class_name(config, action, class);
	printf("%s%s%s", action_text(action), name ? " " : "", name ? name : "");
}

static void print_rule(const struct config *config, size_t number, const struct config_rule *rule)
{
	printf("%5zu  %s\n       if %s\n       ", number, rule->name, rule->condition.text);
	if (rule->has_throttle) {
		printf("throttle %s, over: ", config->throttles[rule->throttle_index].tag);
		print_action(config, rule->over, rule->over_class_index);
	}
	if (rule->has_throttle)
		printf("; else ");
	if (rule->action == ACTION_CONTINUE)
		printf("the next rule");
	else
		print_action(config, rule->action, rule->class_index);
	putchar('\n');
}

void show_rules(const struct cli *cli, const struct config *config)
{
	json_t *list = json_array();
	for (size_t i = 0; i < config->n_rules; i++)
		json_array_append_new(list, rule_json(config, &config->rules[i]));
	if (cli->json) {
		cli_print_json(list);
		return;
	}
	json_decref(list);
	for (size_t i = 0; i < config->n_rules; i++)
		print_rule(config, i + 1, &config->rules[i]);
	printf("    -  what no rule settles\n       class default\n");
}
