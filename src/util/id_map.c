/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/id_map.h"

#include <stdlib.h>

#include "util/alloc.h"

#define BUCKETS_MIN 64

struct entry {
	struct entry *chain; /* of the bucket */
	struct entry *newer;
	struct entry *older;
	uint64_t id;
	void *value;
};

struct id_map {
	void (*free_value)(void *value);
	size_t max;
	size_t count;
	size_t n_buckets; /* a power of 2 */
	struct entry **buckets;
	struct entry *newest;
	struct entry *oldest;
};

struct id_map *id_map_new(size_t max, void (*free_value)(void *value))
{
	struct id_map *map = xcalloc(1, sizeof(*map));
	map->free_value = free_value;
	map->max = max;
	map->n_buckets = BUCKETS_MIN;
	map->buckets = xcalloc(map->n_buckets, sizeof(struct entry *));
	return map;
}

void id_map_free(struct id_map *map)
{
	if (!map)
		return;
	while (map->oldest)
		id_map_remove(map, map->oldest->id);
	free(map->buckets);
	free(map);
}

size_t id_map_count(const struct id_map *map)
{
	return map->count;
}

/* Numbers often differ in few bits; the multiplier is 2^64 divided by the golden ratio. */
static struct entry **bucket_of(const struct id_map *map, uint64_t id)
{
	return &map->buckets[(id * 0x9e3779b97f4a7c15u >> 32) & (map->n_buckets - 1)];
}

static struct entry *find(const struct id_map *map, uint64_t id)
{
	struct entry *entry = *bucket_of(map, id);
	while (entry && entry->id != id)
		entry = entry->chain;
	return entry;
}

static void unlist(struct id_map *map, struct entry *entry)
{
	*(entry->newer ? &entry->newer->older : &map->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &map->oldest) = entry->newer;
}

static void list(struct id_map *map, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = map->newest;
	*(map->newest ? &map->newest->newer : &map->oldest) = entry;
	map->newest = entry;
}

static void grow(struct id_map *map)
{
	free(map->buckets);
	map->n_buckets *= 2;
	map->buckets = xcalloc(map->n_buckets, sizeof(struct entry *));
	for (struct entry *entry = map->newest; entry; entry = entry->older) {
		struct entry **bucket = bucket_of(map, entry->id);
		entry->chain = *bucket;
		*bucket = entry;
	}
}

void *id_map_get(const struct id_map *map, uint64_t id)
{
	struct entry *entry = find(map, id);
	return entry ? entry->value : NULL;
}

void id_map_put(struct id_map *map, uint64_t id, void *value)
{
	struct entry *entry = find(map, id);
	if (entry) {
		unlist(map, entry);
		map->free_value(entry->value);
	} else {
		if (map->max && map->count == map->max)
			id_map_remove(map, map->oldest->id);
		if (map->count >= map->n_buckets)
			grow(map);
		struct entry **bucket = bucket_of(map, id);
		entry = xcalloc(1, sizeof(*entry));
		entry->id = id;
		entry->chain = *bucket;
		*bucket = entry;
		map->count++;
	}
	entry->value = value;
	list(map, entry);
}

void id_map_touch(struct id_map *map, uint64_t id)
{
	struct entry *entry = find(map, id);
	if (!entry)
		return;
	unlist(map, entry);
	list(map, entry);
}

void id_map_remove(struct id_map *map, uint64_t id)
{
	struct entry **link = bucket_of(map, id);
	while (*link && (*link)->id != id)
		link = &(*link)->chain;
	struct entry *entry = *link;
	if (!entry)
		return;
	*link = entry->chain;
	unlist(map, entry);
	map->count--;
	map->free_value(entry->value);
	free(entry);
}

int id_map_each(const struct id_map *map, int (*visit)(uint64_t id, void *value, void *data),
		void *data)
{
	int result = 0;
	for (struct entry *entry = map->newest, *next; entry && !result; entry = next) {
		next = entry->older;
		result = visit(entry->id, entry->value, data);
	}
	return result;
}
