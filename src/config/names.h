/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names with their positions, sorted once to be found fast: a file may have many thousands. */
#ifndef CONFIG_NAMES_H
#define CONFIG_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct name {
	const char *text; /* borrowed */
	size_t position;
};

struct names {
	struct name *items;
	size_t count;
	size_t capacity;
};

void names_add(struct names *names, const char *text, size_t position);

/* After the last names_add(), before the first names_find(). Equal names stay in their order. */
void names_sort(struct names *names);

/* The position of a name; false where there is none. Of equal ones, any. */
bool names_find(const struct names *names, const char *text, size_t *ret_position);

void names_fini(struct names *names);

#endif
