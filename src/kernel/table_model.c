/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_model.h"

#include <libnftnl/rule.h>
#include <stdlib.h>

#include "util/alloc.h"

struct table_model *table_model_new(const char *name)
{
	struct table_model *model = xcalloc(1, sizeof(*model));
	model->name = xstrdup(name);
	return model;
}

static void chain_free(struct table_chain *chain)
{
	for (size_t i = 0; i < chain->n_rules; i++) {
		nftnl_rule_free(chain->rules[i]->nl);
		free(chain->rules[i]->text);
		free(chain->rules[i]);
	}
	free(chain->rules);
	free(chain->comment);
	free(chain->name);
	free(chain);
}

static void set_free(struct table_set *set)
{
	for (size_t i = 0; i < set->n_elements; i++) {
		free(set->elements[i].name);
		free(set->elements[i].chain);
	}
	free(set->elements);
	free(set->name);
	free(set);
}

void table_model_free(struct table_model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->n_chains; i++)
		chain_free(model->chains[i]);
	for (size_t i = 0; i < model->n_sets; i++)
		set_free(model->sets[i]);
	free(model->chains);
	free(model->sets);
	for (size_t i = 0; i < model->n_counters; i++)
		free(model->counters[i]);
	free(model->counters);
	free(model->name);
	free(model);
}

void table_model_counter(struct table_model *model, const char *name)
{
	model->counters = array_grow(model->counters, model->n_counters, &model->counters_capacity,
				     sizeof(*model->counters));
	model->counters[model->n_counters++] = xstrdup(name);
}

struct table_set *table_model_set(struct table_model *model, const char *name, enum table_type key,
				  enum table_type data)
{
	struct table_set *set = xcalloc(1, sizeof(*set));
	*set = (struct table_set){.name = xstrdup(name), .key = key, .data = data};
	model->sets =
		array_grow(model->sets, model->n_sets, &model->sets_capacity, sizeof(*model->sets));
	model->sets[model->n_sets++] = set;
	return set;
}

void table_set_limit(struct table_set *set, uint32_t size)
{
	set->size = size;
}

struct table_chain *table_model_chain(struct table_model *model, const char *name,
				      const struct table_hook *hook, const char *comment)
{
	struct table_chain *chain = xcalloc(1, sizeof(*chain));
	chain->name = xstrdup(name);
	chain->hook = hook;
	chain->comment = xstrdup(comment);
	model->chains = array_grow(model->chains, model->n_chains, &model->chains_capacity,
				   sizeof(*model->chains));
	model->chains[model->n_chains++] = chain;
	return chain;
}

static void add_element(struct table_set *set, struct table_element element)
{
	set->elements = array_grow(set->elements, set->n_elements, &set->elements_capacity,
				   sizeof(*set->elements));
	set->elements[set->n_elements++] = element;
}

void table_set_add(struct table_set *set, uint32_t key, uint32_t value, const char *chain)
{
	add_element(set,
		    (struct table_element){.key = key, .value = value, .chain = xstrdup(chain)});
}

void table_set_add_name(struct table_set *set, const char *name, const char *chain)
{
	add_element(set,
		    (struct table_element){.name = xstrdup(name), .chain = xstrdup(chain)});
}

struct table_rule *table_chain_rule(struct table_chain *chain)
{
	struct table_rule *rule = xcalloc(1, sizeof(*rule));
	rule->nl = nftnl_rule_alloc();
	if (!rule->nl)
		abort();
	rule->text = xstrdup("");
	chain->rules = array_grow(chain->rules, chain->n_rules, &chain->rules_capacity,
				  sizeof(*chain->rules));
	chain->rules[chain->n_rules++] = rule;
	return rule;
}
