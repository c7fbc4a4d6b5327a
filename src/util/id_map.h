/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A map from numbers to things, in the order of their last use, that may have a greatest size: the
 * one that was not used for longest then makes room. Not for several threads at once.
 */
#ifndef UTIL_ID_MAP_H
#define UTIL_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

struct id_map;

/* `max`: most entries, 0: any number. `free_value` gets what is replaced, removed or evicted. */
struct id_map *id_map_new(size_t max, void (*free_value)(void *value));
void id_map_free(struct id_map *map);

size_t id_map_count(const struct id_map *map);

/* The value, or NULL. No use in the sense above. */
void *id_map_get(const struct id_map *map, uint64_t id);

/* Adds or replaces; `value` is not NULL and belongs to the map. This is a use. */
void id_map_put(struct id_map *map, uint64_t id, void *value);

/* A use of an entry that is there. */
void id_map_touch(struct id_map *map, uint64_t id);

void id_map_remove(struct id_map *map, uint64_t id);

/* The values from the one used last on, until `visit` returns a number other than 0. */
int id_map_each(const struct id_map *map, int (*visit)(uint64_t id, void *value, void *data),
		void *data);

#endif
