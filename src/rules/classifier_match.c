/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "rules/classifier.h"
#include "rules/classifier_layout.h"

#define NO_RULE UINT32_MAX

struct search {
	const struct classifier *classifier;
	struct evaluation *evaluation;
	uint64_t ready; /* dimensions that are looked up, or open */
	uint64_t open;  /* dimensions of open attributes: they let everything pass */
	uint32_t from;  /* rules before this one do not count */
	uint32_t best;  /* the first rule that holds, or is in doubt, so far */
	bool in_doubt;  /* whether that is so of it */
	const uint32_t *rows[DIMENSIONS_MAX];
};

static unsigned first_bit(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* The vector of the packet's class in the dimension, looked up at most once. */
static const uint32_t *search_rows(struct search *search, unsigned dimension)
{
	if (!(search->ready >> dimension & 1)) {
		search->ready |= (uint64_t)1 << dimension;
		search->rows[dimension] = dimension_rows(&search->classifier->dimensions[dimension],
							 search->evaluation);
	}
	return search->rows[dimension];
}

/* *candidates &= what the dimension lets pass. False where nothing is left. */
static bool narrow(struct search *search, size_t chunk, unsigned dimension,
		   union vector_node *candidates)
{
	const union vector_node *other =
		vectors_chunk(&search->classifier->vectors, search_rows(search, dimension), chunk);
	uint64_t any = 0;
	for (size_t i = 0; i < VECTOR_WORDS; i++)
		any |= candidates->words[i] &= other->words[i];
	return any != 0;
}

/* False where one of them does not hold. Adds to *open what their holding depends on. */
static bool residues_may_hold(const struct search *search, const struct classifier_bit *bit,
			      uint64_t *open)
{
	for (size_t i = 0; i < bit->n_residues; i++) {
		const struct residue *residue =
			&search->classifier->residues[bit->first_residue + i];
		struct truth truth = condition_truth(residue->condition, search->evaluation);
		if (!truth.open && truth.holds == residue->is_negated)
			return false;
		*open |= truth.open;
	}
	return true;
}

/* True where the conjunction holds, or is in doubt. All its dimensions let it pass. */
static bool try_bit(struct search *search, const struct classifier_bit *bit)
{
	uint64_t open = bit->dimensions & search->open;
	if (!residues_may_hold(search, bit, &open))
		return false;
	search->best = bit->rule;
	search->in_doubt = open != 0;
	return true;
}

/*
 * The candidates are what the cheap dimensions let pass. The first of them that depends on
 * expensive ones has them looked up; they then count for all candidates of the chunk.
 */
static bool search_candidates(struct search *search, size_t chunk, union vector_node *candidates)
{
	const struct classifier_bit *bits = &search->classifier->bits[chunk * VECTOR_CHUNK_BITS];
	for (size_t word = 0; word < VECTOR_WORDS; word++) {
		while (candidates->words[word]) {
			const struct classifier_bit *bit =
				&bits[word * 64 + first_bit(candidates->words[word])];
			uint64_t missing = bit->dimensions & ~search->ready;
			if (bit->rule >= search->best)
				return false;
			if (bit->rule >= search->from && missing)
				narrow(search, chunk, first_bit(missing), candidates);
			else if (bit->rule >= search->from && try_bit(search, bit))
				return true;
			else
				candidates->words[word] &= candidates->words[word] - 1;
		}
	}
	return false;
}

/* True where a rule was found: nothing behind it in the group is better. */
static bool search_chunk(struct search *search, size_t chunk, const union vector_node *node)
{
	const struct classifier *classifier = search->classifier;
	uint64_t dimensions = classifier->chunks[chunk].dimensions;
	union vector_node candidates = *node;
	for (dimensions &= ~classifier->expensive | search->ready; dimensions;
	     dimensions &= dimensions - 1)
		if (!narrow(search, chunk, first_bit(dimensions), &candidates))
			return false;
	return search_candidates(search, chunk, &candidates);
}

static void search_group(struct search *search, const struct classifier_group *group)
{
	const struct classifier *classifier = search->classifier;
	const uint32_t *rows = group->has_pivot ? search_rows(search, group->pivot)
						: vector_list_rows(&classifier->all, 0);
	for (size_t chunk = group->first_chunk; chunk < group->end_chunk; chunk++) {
		const union vector_node *node = vectors_chunk(&classifier->vectors, rows, chunk);
		if (classifier->chunks[chunk].first_rule >= search->best)
			return;
		/* All rules of this chunk come before the next one's. */
		if (chunk + 1 < group->end_chunk &&
		    classifier->chunks[chunk + 1].first_rule < search->from)
			continue;
		if (!vectors_is_empty(&classifier->vectors, node) &&
		    search_chunk(search, chunk, node))
			return;
	}
}

/*
 * All look-ups that do not depend on each other in one go, so that the processor waits for memory
 * once and not once in each group.
 */
static void look_up_pivots(struct search *search)
{
	const struct classifier *classifier = search->classifier;
	for (size_t i = 0; i < classifier->n_groups; i++) {
		const struct classifier_group *group = &classifier->groups[i];
		if (!group->has_pivot || classifier->expensive >> group->pivot & 1)
			continue;
		const uint32_t *rows = search_rows(search, group->pivot);
		__builtin_prefetch(
			&classifier->vectors.nodes[rows[group->first_chunk / VECTOR_ROW_CHUNKS]]);
	}
}

static void open_dimensions(struct search *search, uint64_t attributes)
{
	const struct classifier *classifier = search->classifier;
	for (size_t i = 0; i < classifier->n_dimensions; i++) {
		if (!(attributes >> classifier->dimensions[i].attribute & 1))
			continue;
		search->open |= (uint64_t)1 << i;
		search->rows[i] = vector_list_rows(&classifier->all, 0);
	}
	search->ready = search->open;
}

int classifier_match(const struct classifier *classifier, struct evaluation *evaluation,
		     uint32_t from, bool *ret_in_doubt)
{
	struct search search; /* its vectors are written before they are read */
	search.classifier = classifier;
	search.evaluation = evaluation;
	search.ready = search.open = 0;
	search.from = from;
	search.best = NO_RULE;
	search.in_doubt = false;
	if (evaluation->open)
		open_dimensions(&search, evaluation->open);
	look_up_pivots(&search);
	for (size_t i = 0; i < classifier->n_groups; i++)
		if (classifier->groups[i].first_rule < search.best)
			search_group(&search, &classifier->groups[i]);
	*ret_in_doubt = search.in_doubt;
	return search.best == NO_RULE ? -1 : (int)search.best;
}
