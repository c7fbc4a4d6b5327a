/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/node.h"

#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/report.h"
#include "util/alloc.h"

/* The tree's depth is limited, and with it the recursion. */
void node_free(struct node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->count; i++) {
		node_free(node->items[i]);
		if (node->keys)
			node_free(node->keys[i]);
	}
	free(node->items);
	free(node->keys);
	free(node->text);
	free(node);
}

const struct node *node_get(const struct node *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

/* Removes the entries whose key is NULL. */
static void close_gaps(struct node *map)
{
	size_t kept = 0;
	for (size_t i = 0; i < map->count; i++) {
		if (!map->keys[i])
			continue;
		map->keys[kept] = map->keys[i];
		map->items[kept++] = map->items[i];
	}
	map->count = kept;
}

struct node *node_take(struct node *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i]->text, key) != 0)
			continue;
		struct node *value = map->items[i];
		node_free(map->keys[i]);
		map->keys[i] = NULL;
		close_gaps(map);
		return value;
	}
	return NULL;
}

bool node_is_empty(const struct node *node)
{
	return node->kind == NODE_TEXT && node->style == STYLE_PLAIN && !node->text[0];
}

static void report_twice(struct diags *diags, const struct node *first, const struct node *again)
{
	report_error(diags, again->at, "`%s` is given twice; the first is in %s: remove one",
		     SHOWN(again->text), PLACE_SHOWN(first->at, again->at));
}

void node_drop_duplicates(struct node *map, struct diags *diags)
{
	struct names names = {0};
	for (size_t i = 0; i < map->count; i++)
		names_add(&names, map->keys[i]->text, i);
	names_sort(&names);
	const struct node *first = NULL;
	for (size_t i = 0; i < names.count; i++) {
		struct node **key = &map->keys[names.items[i].position];
		if (!first || strcmp(first->text, (*key)->text) != 0) {
			first = *key;
			continue;
		}
		report_twice(diags, first, *key);
		node_free(*key);
		node_free(map->items[names.items[i].position]);
		*key = NULL;
	}
	names_fini(&names);
	close_gaps(map);
}

/* Moves the items, and the keys of a map, of `from` to the end of `into`, which is of its kind. */
static void append(struct node *into, struct node *from)
{
	size_t count = into->count + from->count;
	into->items = xreallocarray(into->items, count, sizeof(struct node *));
	memcpy(into->items + into->count, from->items, from->count * sizeof(struct node *));
	if (into->kind == NODE_MAP) {
		into->keys = xreallocarray(into->keys, count, sizeof(struct node *));
		memcpy(into->keys + into->count, from->keys, from->count * sizeof(struct node *));
	}
	into->count = count;
	from->count = 0;
}

/* Of a key that both have. */
static void merge_values(const struct node *key, struct node *into, const struct node *again,
			 struct node *from, struct diags *diags)
{
	if (into->kind == NODE_MAP && from->kind == NODE_MAP)
		node_merge(into, from, diags);
	else if (into->kind == NODE_LIST && from->kind == NODE_LIST && from->count)
		append(into, from);
	else if (into->kind != NODE_LIST || from->kind != NODE_LIST)
		report_twice(diags, key, again);
}

void node_merge(struct node *into, struct node *from, struct diags *diags)
{
	struct names names = {0};
	size_t position;
	for (size_t i = 0; i < into->count; i++)
		names_add(&names, into->keys[i]->text, i);
	names_sort(&names);
	for (size_t i = 0; i < from->count; i++) {
		if (!names_find(&names, from->keys[i]->text, &position))
			continue;
		merge_values(into->keys[position], into->items[position], from->keys[i],
			     from->items[i], diags);
		node_free(from->items[i]);
		node_free(from->keys[i]);
		from->keys[i] = NULL;
	}
	names_fini(&names);
	close_gaps(from);
	if (from->count)
		append(into, from);
}
