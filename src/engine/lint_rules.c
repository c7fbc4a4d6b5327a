/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/lint_rules.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "net/proto.h"
#include "rules/boundaries.h"
#include "rules/satisfiable.h"
#include "util/alloc.h"

#define PRODUCT_MAX 64
#define HIDING_MAX 32 /* groups of management entries that are looked at */

/* Tests of nothing else can keep a packet apart from a conjunction of one literal. */
static uint64_t needs_of(const struct normal_form *fails)
{
	uint64_t needs = 0;
	for (size_t i = 0; i < fails->count; i++) {
		const struct conjunction *conjunction = &fails->items[i];
		if (conjunction->count != 1)
			continue;
		const struct predicate *predicate = literal_predicate(&conjunction->literals[0]);
		if (predicate)
			needs |= UINT64_C(1) << predicate->attribute;
	}
	return needs;
}

static bool form_may_hold(const struct normal_form *form)
{
	uint64_t work = 0;
	for (size_t i = 0; i < form->count; i++)
		if (conjunction_may_hold(&form->items[i], &work))
			return true;
	return false;
}

void lint_rule_init(struct lint_rule *rule, const struct condition *condition)
{
	*rule = (struct lint_rule){.is_true = !condition};
	normal_form_init(&rule->holds, condition, PRODUCT_MAX);
	if (!condition)
		return;
	rule->opposite = (struct condition){
		.kind = EXPR_NOT,
		.n_children = 1,
		.children = (struct condition *)condition,
	};
	normal_form_init(&rule->fails, &rule->opposite, PRODUCT_MAX);
	rule->is_false = !form_may_hold(&rule->holds);
	rule->is_true = !form_may_hold(&rule->fails);
	rule->needs = rule->is_true ? 0 : needs_of(&rule->fails);
}

void lint_rule_fini(struct lint_rule *rule)
{
	normal_form_fini(&rule->holds);
	normal_form_fini(&rule->fails);
}

bool lint_covers(const struct lint_rule *rule, const struct conjunction *conjunction,
		 uint64_t *work)
{
	for (size_t i = 0; i < rule->fails.count; i++)
		if (conjunctions_may_hold(conjunction, &rule->fails.items[i], work))
			return false;
	return true;
}

/*
 * What `management:` exempts in one direction: services of one protocol from one prefix. In a
 * direction, dport and lport are one, and so are the others of both vocabularies.
 */
struct hiding {
	const struct config_management *entry; /* the first of the group */
	struct condition *proto;
	struct condition *condition;
	struct lint_rule rule;
};

struct hidings {
	struct hiding items[HIDING_MAX];
	size_t count;
};

static bool same_group(const struct config_management *a, const struct config_management *b)
{
	return a->proto == b->proto && a->has_from == b->has_from &&
	       (!a->has_from ||
		(a->from.length == b->from.length && addr_equal(&a->from.addr, &b->from.addr)));
}

static bool is_first_of_group(const struct config *config, size_t position)
{
	for (size_t i = 0; i < position; i++)
		if (same_group(&config->management[i], &config->management[position]))
			return false;
	return true;
}

static char *ports_text(const struct config *config, const struct config_management *group)
{
	char *text = NULL;
	size_t length;
	const char *comma = "";
	FILE *out = open_memstream(&text, &length);
	if (!out)
		abort(); /* as xcalloc() does */
	for (size_t i = 0; i < config->n_management; i++) {
		if (!same_group(&config->management[i], group))
			continue;
		fprintf(out, "%s%u", comma, config->management[i].port);
		comma = ", ";
	}
	fclose(out);
	return text;
}

static struct condition *proto_condition(uint8_t proto)
{
	struct fault fault = {0};
	char *text = xasprintf("proto == %u", proto);
	struct condition *condition = condition_new(text, &fault);
	fault_fini(&fault);
	free(text);
	return condition;
}

static void add_hiding(struct hidings *hidings, const struct config *config,
		       const struct config_management *group, bool in)
{
	char prefix[ADDR_PORT_TEXT_MAX];
	struct fault fault = {0};
	char *ports = ports_text(config, group), *from = NULL;
	const char *port = in ? "dport" : "sport", *address = in ? "saddr" : "daddr";
	if (group->has_from)
		from = xasprintf(" and (%s in %s or raddr in %s)", address,
				 prefix_text(&group->from, prefix), prefix);
	char *text = xasprintf("proto == %u and (%s in [%s] or lport in [%s])%s", group->proto,
			       port, ports, ports, from ? from : "");
	struct condition *condition = condition_new(text, &fault);
	if (condition) {
		struct hiding *hiding = &hidings->items[hidings->count++];
		hiding->entry = group;
		hiding->proto = proto_condition(group->proto);
		hiding->condition = condition;
		lint_rule_init(&hiding->rule, condition);
	}
	fault_fini(&fault);
	free(text);
	free(from);
	free(ports);
}

static void hidings_init(struct hidings *hidings, const struct config *config, bool in)
{
	hidings->count = 0;
	for (size_t i = 0; i < config->n_management && hidings->count < HIDING_MAX; i++)
		if (is_first_of_group(config, i))
			add_hiding(hidings, config, &config->management[i], in);
}

static void hidings_fini(struct hidings *hidings)
{
	for (size_t i = 0; i < hidings->count; i++) {
		lint_rule_fini(&hidings->items[i].rule);
		condition_free(hidings->items[i].condition);
		condition_free(hidings->items[i].proto);
	}
}

/* Whether the conjunction can hold in a direction for a packet that is not exempt. */
static bool may_be_seen(const struct conjunction *conjunction, const struct condition *direction,
			const struct hidings *hidings, uint64_t *work)
{
	struct literal literals[SATISFIABLE_LITERALS_MAX];
	struct conjunction limited = {.literals = literals};
	if (conjunction->count >= SATISFIABLE_LITERALS_MAX)
		return true;
	literals[limited.count++] =
		(struct literal){.condition = direction, .test = &direction->predicate};
	for (size_t i = 0; i < conjunction->count; i++)
		literals[limited.count++] = conjunction->literals[i];
	if (!conjunction_may_hold(&limited, work))
		return false;
	for (size_t i = 0; i < hidings->count; i++)
		if (lint_covers(&hidings->items[i].rule, &limited, work))
			return false;
	return true;
}

static bool is_hidden(const struct lint_rule *rule, struct condition *const directions[3],
		      const struct hidings hidings[3], uint64_t *work)
{
	for (size_t i = 0; i < rule->holds.count; i++)
		for (size_t d = 0; d < 3; d++)
			if (may_be_seen(&rule->holds.items[i], directions[d], &hidings[d], work))
				return false;
	return true;
}

#define BIT(attribute) (UINT64_C(1) << (attribute))

/* A first look, for most rules: neither kept to the ports of a service nor apart from its packets.
 */
static bool is_wide(const struct conjunction *conjunction)
{
	uint64_t asks = 0;
	for (size_t i = 0; i < conjunction->count; i++) {
		const struct predicate *predicate = literal_predicate(&conjunction->literals[i]);
		asks |= predicate ? BIT(predicate->attribute) : 0;
	}
	return !(asks & (BIT(ATTR_LPORT) | BIT(ATTR_SPORT) | BIT(ATTR_DPORT) | BIT(ATTR_PROTO) |
			 BIT(ATTR_DIR)));
}

/* Whether all that the rule matches in the direction, of the hiding's protocol, is exempt. */
static bool hides(const struct hiding *hiding, const struct lint_rule *rule,
		  const struct condition *direction, uint64_t *work)
{
	struct literal literals[SATISFIABLE_LITERALS_MAX];
	bool matches = false;
	for (size_t i = 0; i < rule->holds.count; i++) {
		const struct conjunction *conjunction = &rule->holds.items[i];
		struct conjunction limited = {.literals = literals};
		if (conjunction->count + 2 > SATISFIABLE_LITERALS_MAX || is_wide(conjunction))
			return false;
		literals[limited.count++] =
			(struct literal){.condition = direction, .test = &direction->predicate};
		literals[limited.count++] = (struct literal){.condition = hiding->proto,
							     .test = &hiding->proto->predicate};
		for (size_t k = 0; k < conjunction->count; k++)
			literals[limited.count++] = conjunction->literals[k];
		if (!conjunction_may_hold(&limited, work))
			continue;
		if (!lint_covers(&hiding->rule, &limited, work))
			return false;
		matches = true;
	}
	return matches;
}

static struct lint_hidden find_hidden(const struct lint_rule *rule,
				      struct condition *const directions[3],
				      const struct hidings hidings[3], uint64_t *work)
{
	for (size_t d = 1; d < 3; d++)
		for (size_t i = 0; i < hidings[d].count; i++)
			if (hides(&hidings[d].items[i], rule, directions[d], work))
				return (struct lint_hidden){.entry = hidings[d].items[i].entry,
							    .comes_in = d == 1};
	return (struct lint_hidden){0};
}

/* Forwarded packets come first: most rules match some, and are done with. */
void lint_find_hidden(const struct config *config, struct lint_rule *rules, size_t count,
		      uint64_t *work)
{
	struct fault fault = {0};
	struct hidings hidings[3] = {0};
	struct condition *directions[3] = {
		condition_new("dir == forward", &fault),
		condition_new("dir == in", &fault),
		condition_new("dir == out", &fault),
	};
	hidings_init(&hidings[1], config, true);
	hidings_init(&hidings[2], config, false);
	for (size_t i = 0; i < count; i++) {
		if (rules[i].is_false)
			continue;
		rules[i].is_hidden = is_hidden(&rules[i], directions, hidings, work);
		if (!rules[i].is_hidden)
			rules[i].hidden = find_hidden(&rules[i], directions, hidings, work);
	}
	for (size_t d = 0; d < 3; d++) {
		hidings_fini(&hidings[d]);
		condition_free(directions[d]);
	}
	fault_fini(&fault);
}
