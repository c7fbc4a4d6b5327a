/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/text.h"

#define KEYS_MAX 32

static bool is_known(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (strcmp(schema->keys[i].name, name) == 0)
			return true;
	return false;
}

char *schema_guess(const char *wrong, const char *const *names, size_t count)
{
	const char *near = text_nearest(wrong, names, count);
	return near ? xasprintf("; did you mean `%s`?", near) : xstrdup("");
}

/* "first, workers, length" */
static char *known_names(const struct schema *schema)
{
	char *list = xstrdup("");
	for (size_t i = 0; i < schema->count; i++) {
		char *longer = xasprintf("%s%s%s", list, list[0] ? ", " : "", schema->keys[i].name);
		free(list);
		list = longer;
	}
	return list;
}

/* `{if: dport in 80,443, class: web}`: YAML takes `443` for a key without value. */
static bool is_torn_if(const struct node *map, size_t position)
{
	if (!map->is_flow || !node_is_empty(map->items[position]))
		return false;
	for (size_t i = 0; i < position; i++)
		if (strcmp(map->keys[i]->text, "if") == 0)
			return true;
	return false;
}

static void report_unknown(struct reader *reader, const struct schema *schema,
			   const struct node *map, size_t position)
{
	const char *names[KEYS_MAX];
	const struct node *key = map->keys[position];
	for (size_t i = 0; i < schema->count; i++)
		names[i] = schema->keys[i].name;
	const char *near = text_nearest(key->text, names, schema->count);
	if (is_torn_if(map, position)) {
		report_error(reader->diags, key->at,
			     "unknown key `%s` in %s; inside {…} an `if` that holds commas or "
			     "brackets needs quotes: write if: '…'",
			     SHOWN(key->text), schema->name);
		return;
	}
	if (near) {
		report_error(reader->diags, key->at, "unknown key `%s` in %s; did you mean `%s`?",
			     SHOWN(key->text), schema->name, near);
		return;
	}
	char *known = known_names(schema);
	report_error(reader->diags, key->at, "unknown key `%s` in %s; known are: %s",
		     SHOWN(key->text), schema->name, known);
	free(known);
}

static const char *kind_text(const struct node *node)
{
	switch (node->kind) {
	case NODE_TEXT:
		return "a text";
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a map";
	}
	return "";
}

bool schema_check_kind(struct reader *reader, const char *key, const struct node *value,
		       unsigned kinds, const char *expected)
{
	if (node_is_empty(value)) {
		report_error(reader->diags, value->at, "`%s` has no value: write %s", SHOWN(key),
			     expected);
		return false;
	}
	if (kinds & 1u << value->kind)
		return true;
	if (value->kind == NODE_TEXT)
		report_error(reader->diags, value->at, "`%s` is the text `%s`: write %s",
			     SHOWN(key), SHOWN(value->text), expected);
	else
		report_error(reader->diags, value->at, "`%s` is %s: write %s", SHOWN(key),
			     kind_text(value), expected);
	return false;
}

static void check_keys(struct reader *reader, const struct schema *schema, const struct node *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (!is_known(schema, map->keys[i]->text))
			report_unknown(reader, schema, map, i);
}

void schema_read(struct reader *reader, const struct schema *schema, const struct node *map,
		 void *target)
{
	check_keys(reader, schema, map);
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_key *key = &schema->keys[i];
		const struct node *value = node_get(map, key->name);
		if (!value && key->missing)
			report_error(reader->diags, map->at, "`%s` is missing: %s", key->name,
				     key->missing);
		if (value && !key->missing && node_is_empty(value)) {
			report_error(reader->diags, value->at,
				     "`%s` has no value: write %s, or remove the key", key->name,
				     key->expected);
			continue;
		}
		if (value &&
		    schema_check_kind(reader, key->name, value, key->kinds, key->expected) &&
		    key->read)
			key->read(reader, key->name, value, (char *)target + key->offset);
	}
}
