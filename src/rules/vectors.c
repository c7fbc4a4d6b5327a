/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/vectors.h"

#include <stdlib.h>
#include <string.h>

#include "rules/fingerprint.h"
#include "util/alloc.h"

#define FREE_SLOT UINT32_MAX
#define SLOTS_FIRST 64u /* powers of two */
#define NODES_FIRST 64u

static uint32_t *new_slots(uint32_t count)
{
	uint32_t *slots = xcalloc(count, sizeof(*slots));
	memset(slots, 0xff, count * sizeof(*slots));
	return slots;
}

/* The slot of an item of `size` bytes at `items`, or the free one where it belongs. */
static uint32_t *find_slot(uint32_t *slots, uint32_t n_slots, const void *items, size_t size,
			   const void *item)
{
	uint32_t at = (uint32_t)(fingerprint(0, item, size) >> 16) & (n_slots - 1);
	while (slots[at] != FREE_SLOT &&
	       memcmp((const char *)items + slots[at] * size, item, size) != 0)
		at = (at + 1) & (n_slots - 1);
	return &slots[at];
}

/* Twice as many slots where less than half would be free with one more item. */
static uint32_t *grow_slots(uint32_t *slots, uint32_t *n_slots, const void *items, size_t size,
			    uint32_t count)
{
	if (count + 1 <= *n_slots / 2)
		return slots;
	free(slots);
	*n_slots *= 2;
	slots = new_slots(*n_slots);
	for (uint32_t i = 0; i < count; i++)
		*find_slot(slots, *n_slots, items, size, (const char *)items + i * size) = i;
	return slots;
}

static union vector_node *allocate_nodes(uint32_t count)
{
	union vector_node *nodes =
		aligned_alloc(_Alignof(union vector_node), count * sizeof(*nodes));
	if (!nodes)
		abort(); /* as xcalloc() does */
	return nodes;
}

static void resize_nodes(struct vectors *vectors, uint32_t capacity)
{
	union vector_node *nodes = allocate_nodes(capacity);
	memcpy(nodes, vectors->nodes, vectors->count * sizeof(*nodes));
	free(vectors->nodes);
	vectors->nodes = nodes;
	vectors->capacity = capacity;
}

static uint32_t add_node(struct vectors *vectors, const union vector_node *node)
{
	vectors->slots = grow_slots(vectors->slots, &vectors->n_slots, vectors->nodes,
				    sizeof(*node), vectors->count);
	uint32_t *slot =
		find_slot(vectors->slots, vectors->n_slots, vectors->nodes, sizeof(*node), node);
	if (*slot != FREE_SLOT)
		return *slot;
	if (vectors->count == vectors->capacity)
		resize_nodes(vectors, vectors->capacity * 2);
	vectors->nodes[vectors->count] = *node;
	return *slot = vectors->count++;
}

void vectors_init(struct vectors *vectors)
{
	static const union vector_node empty;
	*vectors = (struct vectors){
		.nodes = allocate_nodes(NODES_FIRST),
		.capacity = NODES_FIRST,
		.slots = new_slots(SLOTS_FIRST),
		.n_slots = SLOTS_FIRST,
	};
	add_node(vectors, &empty);
}

void vectors_seal(struct vectors *vectors)
{
	free(vectors->slots);
	vectors->slots = NULL;
	resize_nodes(vectors, vectors->count);
}

void vectors_fini(struct vectors *vectors)
{
	free(vectors->slots);
	free(vectors->nodes);
	*vectors = (struct vectors){0};
}

void vector_list_init(struct vector_list *list, size_t n_rows)
{
	*list = (struct vector_list){
		.n_rows = n_rows,
		.slots = new_slots(SLOTS_FIRST),
		.n_slots = SLOTS_FIRST,
	};
}

void vector_list_seal(struct vector_list *list)
{
	free(list->slots);
	list->slots = NULL;
	list->rows = xreallocarray(list->rows, list->count, list->n_rows * sizeof(*list->rows));
}

void vector_list_fini(struct vector_list *list)
{
	free(list->slots);
	free(list->rows);
	*list = (struct vector_list){0};
}

size_t vector_row_count(size_t n_chunks)
{
	return (n_chunks + VECTOR_ROW_CHUNKS - 1) / VECTOR_ROW_CHUNKS;
}

void vector_draft_init(struct vector_draft *draft, size_t n_chunks)
{
	size_t n_rows = vector_row_count(n_chunks);
	*draft = (struct vector_draft){
		.n_chunks = n_chunks,
		.n_rows = n_rows,
		.words = xcalloc(n_chunks, sizeof(union vector_node)),
		.rows = xcalloc(n_rows, sizeof(uint32_t)),
		.chunks = xcalloc(n_rows, sizeof(union vector_node)),
		.changed = xcalloc(n_chunks, sizeof(size_t)),
		.is_changed = xcalloc(n_chunks, sizeof(bool)),
	};
}

void vector_draft_fini(struct vector_draft *draft)
{
	free(draft->words);
	free(draft->rows);
	free(draft->chunks);
	free(draft->changed);
	free(draft->is_changed);
	*draft = (struct vector_draft){0};
}

void vector_draft_flip(struct vector_draft *draft, size_t word, uint64_t mask)
{
	size_t chunk = word / VECTOR_WORDS;
	draft->words[word] ^= mask;
	if (!draft->is_changed[chunk]) {
		draft->is_changed[chunk] = true;
		draft->changed[draft->n_changed++] = chunk;
	}
}

/* Brings the draft's numbers of chunks and rows up to date. */
static void store_changes(struct vectors *vectors, struct vector_draft *draft)
{
	union vector_node node;
	for (size_t i = 0; i < draft->n_changed; i++) {
		size_t chunk = draft->changed[i];
		memcpy(node.words, draft->words + chunk * VECTOR_WORDS, sizeof(node));
		draft->chunks[chunk] = add_node(vectors, &node);
	}
	for (size_t i = 0; i < draft->n_changed; i++) {
		size_t row = draft->changed[i] / VECTOR_ROW_CHUNKS;
		draft->is_changed[draft->changed[i]] = false;
		memcpy(node.chunks, draft->chunks + row * VECTOR_ROW_CHUNKS, sizeof(node));
		draft->rows[row] = add_node(vectors, &node);
	}
	draft->n_changed = 0;
}

uint32_t vector_list_add(struct vector_list *list, struct vectors *vectors,
			 struct vector_draft *draft)
{
	size_t size = list->n_rows * sizeof(*list->rows);
	store_changes(vectors, draft);
	list->slots = grow_slots(list->slots, &list->n_slots, list->rows, size, list->count);
	uint32_t *slot = find_slot(list->slots, list->n_slots, list->rows, size, draft->rows);
	if (*slot != FREE_SLOT)
		return *slot;
	list->rows = array_grow(list->rows, list->count, &list->capacity, size);
	memcpy(list->rows + list->count * list->n_rows, draft->rows, size);
	return *slot = list->count++;
}
