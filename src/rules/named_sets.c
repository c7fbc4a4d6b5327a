/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/named_sets.h"

#include <stdlib.h>
#include <string.h>

#include "rules/literal.h"
#include "util/alloc.h"
#include "util/text.h"

/* Ranges and texts that lists may copy out of sets, in all rules together: some 64 MiB. */
#define COPIES_MAX (2u << 20)

/* One set for the attributes of one kind: compiled, or what was wrong with it. */
struct compiled {
	struct shared_set *set;
	struct fault fault;
};

struct named_sets {
	const struct config *config;
	struct compiled (*compiled)[ATTR_COUNT]; /* for each set, by attribute_like() */
	size_t copies;
};

struct named_sets *named_sets_new(const struct config *config)
{
	struct named_sets *sets = xcalloc(1, sizeof(*sets));
	sets->config = config;
	sets->compiled = xcalloc(config->n_sets, sizeof(*sets->compiled));
	return sets;
}

void named_sets_free(struct named_sets *sets)
{
	if (!sets)
		return;
	for (size_t i = 0; i < sets->config->n_sets; i++) {
		for (size_t j = 0; j < ATTR_COUNT; j++) {
			shared_set_release(sets->compiled[i][j].set);
			fault_fini(&sets->compiled[i][j].fault);
		}
	}
	free(sets->compiled);
	free(sets);
}

struct shared_set *shared_set_take(struct shared_set *set)
{
	set->users++;
	return set;
}

void shared_set_release(struct shared_set *set)
{
	if (!set || --set->users > 0)
		return;
	switch (set->kind) {
	case SET_NUMBERS:
		number_set_fini(&set->numbers);
		break;
	case SET_ADDRESSES:
		addr_set_fini(&set->addresses);
		break;
	case SET_TEXTS:
		text_set_fini(&set->texts);
		break;
	}
	free(set);
}

enum set_kind set_kind_of(enum attribute attribute)
{
	switch (attribute_info(attribute)->kind) {
	case KIND_ADDRESS:
		return SET_ADDRESSES;
	case KIND_INTERFACE:
	case KIND_TEXT:
	case KIND_TEXTS:
		return SET_TEXTS;
	case KIND_NUMBER:
	case KIND_PROTO:
	case KIND_DSCP:
	case KIND_DIRECTION:
	case KIND_CC:
	case KIND_COUNTRY:
	case KIND_CONTINENT:
	case KIND_ICMP_TYPE:
	case KIND_TIME:
	case KIND_WEEKDAY:
		break;
	}
	return SET_NUMBERS;
}

/* The first attribute whose values are written in the same way. */
static size_t attribute_like(enum attribute attribute)
{
	const struct attribute_info *info = attribute_info(attribute);
	size_t i = 0;
	while (attribute_info((enum attribute)i)->kind != info->kind ||
	       strcmp(attribute_info((enum attribute)i)->what, info->what) != 0)
		i++;
	return i;
}

static int add_entry(struct shared_set *set, enum attribute attribute,
		     const struct expr_value *value, struct fault *fault)
{
	int error = 0;
	switch (set->kind) {
	case SET_NUMBERS:
		return literal_add_numbers(attribute_info(attribute), value, &set->numbers, fault);
	case SET_ADDRESSES:
		return literal_add_addresses(value, &set->addresses, fault);
	case SET_TEXTS:
		error = literal_check_text(attribute, value, fault);
		if (!error)
			text_set_add(&set->texts, value->text);
		break;
	}
	return error;
}

static void seal(struct shared_set *set)
{
	switch (set->kind) {
	case SET_NUMBERS:
		number_set_seal(&set->numbers);
		return;
	case SET_ADDRESSES:
		addr_set_seal(&set->addresses);
		return;
	case SET_TEXTS:
		text_set_seal(&set->texts);
		return;
	}
}

/* Compiles all entries; the first that does not fit is the fault, at its own place. */
static void compile(const struct config_set *source, enum attribute attribute,
		    struct compiled *compiled)
{
	struct shared_set *set = xcalloc(1, sizeof(*set));
	struct fault fault = {0};
	set->users = 1;
	set->kind = set_kind_of(attribute);
	for (size_t i = 0; i < source->n_entries && !fault.message; i++) {
		const struct config_set_entry *entry = &source->entries[i];
		struct expr_value value = {.text = entry->text, .length = strlen(entry->text)};
		if (add_entry(set, attribute, &value, &fault) == 0)
			continue;
		compiled->fault.message = xstrdup(fault.message);
		compiled->fault.at = entry->at;
	}
	seal(set);
	compiled->set = set;
	fault_fini(&fault);
}

static void refuse_unknown(const struct named_sets *sets, const struct expr_value *value,
			   struct fault *fault)
{
	size_t count = sets ? sets->config->n_sets : 0;
	const char **names = xcalloc(count, sizeof(*names));
	struct snippet snippet = snippet_of(value->text, value->length);
	for (size_t i = 0; i < count; i++)
		names[i] = sets->config->sets[i].name;
	const char *nearest = text_nearest(value->text, names, count);
	if (nearest)
		fault_set(fault, value->offset, "unknown set `@%s`; did you mean `@%s`?",
			  snippet.text, nearest);
	else
		fault_set(fault, value->offset,
			  "unknown set `@%s`: add it to `sets:`, such as `%s: [A, B]`",
			  snippet.text, snippet.text);
	free(names);
}

struct shared_set *named_sets_get(struct named_sets *sets, const struct expr_value *value,
				  enum attribute attribute, struct fault *fault)
{
	const struct config_set *source = sets ? config_set_find(sets->config, value->text) : NULL;
	if (!source) {
		refuse_unknown(sets, value, fault);
		return NULL;
	}
	struct compiled *compiled =
		&sets->compiled[source - sets->config->sets][attribute_like(attribute)];
	if (!compiled->set)
		compile(source, attribute, compiled);
	if (!compiled->fault.message)
		return compiled->set;
	fault_set(fault, value->offset, "%s; set `@%s` is compared with `%s`",
		  compiled->fault.message, source->name, attribute_info(attribute)->name);
	fault->at = compiled->fault.at;
	return NULL;
}

static size_t size_of(const struct shared_set *set)
{
	switch (set->kind) {
	case SET_NUMBERS:
		return set->numbers.count;
	case SET_ADDRESSES:
		return set->addresses.v4.count + set->addresses.v6_count;
	case SET_TEXTS:
		break;
	}
	return set->texts.count;
}

bool named_sets_may_copy(struct named_sets *sets, const struct shared_set *set)
{
	sets->copies += size_of(set);
	return sets->copies <= COPIES_MAX;
}
