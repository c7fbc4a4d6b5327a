/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/names.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

void names_add(struct names *names, const char *text, size_t position)
{
	names->items =
		array_grow(names->items, names->count, &names->capacity, sizeof(*names->items));
	names->items[names->count++] = (struct name){text, position};
}

static int compare(const void *left, const void *right)
{
	const struct name *a = left, *b = right;
	int order = strcmp(a->text, b->text);
	return order ? order : (a->position > b->position) - (a->position < b->position);
}

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, ((const struct name *)item)->text);
}

void names_sort(struct names *names)
{
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare);
}

bool names_find(const struct names *names, const char *text, size_t *ret_position)
{
	const struct name *found = NULL;
	if (names->count)
		found = bsearch(text, names->items, names->count, sizeof(*names->items),
				compare_text);
	if (found)
		*ret_position = found->position;
	return found != NULL;
}

void names_fini(struct names *names)
{
	free(names->items);
	*names = (struct names){0};
}
