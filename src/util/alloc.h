/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Allocation for the control path (configuration, plans, messages). These never return NULL: a
 * machine that cannot give a few kilobytes ends the program with a message. The packet path
 * allocates nothing.
 */
#ifndef UTIL_ALLOC_H
#define UTIL_ALLOC_H

#include <stddef.h>

/* Zeroed memory for `count` items of `size` bytes. The caller frees it. */
void *xcalloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));

/* As reallocarray(3). */
void *xreallocarray(void *memory, size_t count, size_t size) __attribute__((alloc_size(2, 3)));

/* As strdup(3); NULL stays NULL. */
char *xstrdup(const char *text) __attribute__((malloc));
char *xstrndup(const char *text, size_t length) __attribute__((malloc));

/* As asprintf(3): the caller frees the text. */
char *xasprintf(const char *format, ...) __attribute__((malloc, format(printf, 1, 2)));

/*
 * Makes room for one more item at the end of an array that grows by doubling:
 *   items = array_grow(items, count, &capacity, sizeof(*items));
 */
void *array_grow(void *items, size_t count, size_t *capacity, size_t size);

#endif
