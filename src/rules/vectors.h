/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bit vectors that share what they have in common. The classifier keeps thousands of vectors of
 * thousands of bits, and a vector differs from its neighbour in a bit or two: each is cut into
 * chunks of 512 bits, equal chunks are stored once, 16 numbers of chunks are a row, equal rows are
 * stored once, and what remains of a vector is the numbers of its rows. Chunk and row number 0 are
 * the empty ones, so that a look at a row says which of its chunks hold anything: this is the
 * summary of Baboescu and Varghese, Scalable Packet Classification (SIGCOMM 2001).
 *
 * Building: struct vector_draft is one vector that changes; vector_list_add() stores what it is
 * now, unless an equal one is there. vectors_seal() ends the building; reading needs no lock.
 */
#ifndef RULES_VECTORS_H
#define RULES_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_WORDS 8 /* of 64 bits, in a chunk */
#define VECTOR_CHUNK_BITS 512
#define VECTOR_ROW_CHUNKS 16 /* in a row */

union vector_node {
	_Alignas(64) uint64_t words[VECTOR_WORDS]; /* of a chunk */
	uint32_t chunks[VECTOR_ROW_CHUNKS];        /* of a row: indices of nodes */
};

/* The store of all chunks and rows, shared by any number of lists. */
struct vectors {
	union vector_node *nodes;
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* hash table of indices, until vectors_seal() */
	uint32_t n_slots;
};

void vectors_init(struct vectors *vectors);
/* Gives back what only building needs. */
void vectors_seal(struct vectors *vectors);
void vectors_fini(struct vectors *vectors);

static inline const union vector_node *vectors_chunk(const struct vectors *vectors,
						     const uint32_t *rows, size_t chunk)
{
	const union vector_node *row = &vectors->nodes[rows[chunk / VECTOR_ROW_CHUNKS]];
	return &vectors->nodes[row->chunks[chunk % VECTOR_ROW_CHUNKS]];
}

/* True for the chunk without any bit. */
static inline bool vectors_is_empty(const struct vectors *vectors, const union vector_node *chunk)
{
	return chunk == vectors->nodes;
}

/* Different vectors of equal length, numbered from 0. */
struct vector_list {
	uint32_t *rows; /* n_rows for each */
	size_t n_rows;
	uint32_t count;
	size_t capacity;
	uint32_t *slots; /* as above */
	uint32_t n_slots;
};

void vector_list_init(struct vector_list *list, size_t n_rows);
void vector_list_seal(struct vector_list *list);
void vector_list_fini(struct vector_list *list);

static inline const uint32_t *vector_list_rows(const struct vector_list *list, uint32_t index)
{
	return &list->rows[index * list->n_rows];
}

struct vector_draft {
	size_t n_chunks;
	size_t n_rows;
	uint64_t *words;
	uint32_t *rows;
	uint32_t *chunks; /* n_rows × VECTOR_ROW_CHUNKS */
	size_t *changed;  /* chunks to be stored anew */
	size_t n_changed;
	bool *is_changed;
};

size_t vector_row_count(size_t n_chunks);

/* An empty vector of `n_chunks` chunks. */
void vector_draft_init(struct vector_draft *draft, size_t n_chunks);
void vector_draft_fini(struct vector_draft *draft);

/* The word's bits that the mask has change their value. */
void vector_draft_flip(struct vector_draft *draft, size_t word, uint64_t mask);

/* The number of the draft's vector in the list, which gets it where it has none. */
uint32_t vector_list_add(struct vector_list *list, struct vectors *vectors,
			 struct vector_draft *draft);

#endif
