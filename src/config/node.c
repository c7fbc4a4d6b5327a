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

bool node_is_empty(const struct node *node)
{
	return node->kind == NODE_TEXT && node->style == STYLE_PLAIN && !node->text[0];
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
		report_error(diags, (*key)->at,
			     "`%s` is given twice; the first is in line %u: remove one",
			     SHOWN((*key)->text), first->at.line);
		node_free(*key);
		node_free(map->items[names.items[i].position]);
		*key = NULL;
	}
	names_fini(&names);
	close_gaps(map);
}
