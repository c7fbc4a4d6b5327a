/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a dimension comes about. The sets of values that the rules name cut the attribute's values
 * into classes; a sweep over all ends of all sets, from the smallest value to the largest, knows
 * at each point which sets it is in, and keeps the vector of conjunctions up to date by flipping
 * the few bits that change there.
 *
 *   partition_init
 *   partition_add      every literal that the attribute can answer; equal sets become one
 *   partition_survey   then: how much of the values does a set take?
 *   partition_start    the conjunctions have got their bits
 *   partition_allow, partition_bind   every conjunction, every literal
 *   partition_build    the sweep
 *   partition_fini
 */
#ifndef RULES_PARTITION_H
#define RULES_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/dimension.h"
#include "rules/normal_form.h"

/* Bits of one word that change their value where the set begins or ends. */
struct set_mask {
	size_t word;
	uint64_t mask;
};

/* A bit whose conjunction has other literals in this dimension as well. */
struct set_vote {
	size_t bit;
	bool holds_inside;
};

struct value_set {
	const struct predicate **members; /* their union is the set; none: every known value */
	size_t n_members;
	size_t members_capacity;
	uint64_t print;
	size_t depth; /* in how many of its ranges the sweep is */
	size_t began; /* the number of the interval where it came in */
	size_t coverage;
	struct set_mask *masks;
	size_t n_masks;
	size_t masks_capacity;
	struct set_vote *votes;
	size_t n_votes;
	size_t votes_capacity;
};

struct set_edge {
	struct interval_key key; /* of the first value inside, or the first behind */
	uint32_t set;
	bool is_begin;
};

struct set_edges {
	struct set_edge *items;
	size_t count;
	size_t capacity;
};

struct set_text {
	const char *text;
	uint32_t set;
};

struct partition {
	enum attribute attribute;
	enum domain domain;
	struct value_set *sets;
	size_t n_sets;
	size_t sets_capacity;
	uint32_t *slots; /* hash table of indices of sets */
	size_t n_slots;
	struct set_edges numbers; /* sorted by key; of IPv4 addresses too */
	struct set_edges v6;
	struct set_text *texts; /* sorted */
	size_t n_texts;
	size_t texts_capacity;
	size_t n_intervals;
	struct vector_draft known; /* where the sweep is; before it: in no set */
	struct vector_draft unknown;
	uint32_t *unsatisfied; /* by bit: literals of this dimension that do not hold, for votes */
};

void partition_init(struct partition *partition, enum attribute attribute, enum domain domain);
void partition_fini(struct partition *partition);

/* The index of the literal's set. The literal's condition has to live until partition_fini(). */
uint32_t partition_add(struct partition *partition, const struct literal *literal);

void partition_survey(struct partition *partition);

/* The share of the known classes inside (or outside) the set: 0 none … 1 all, more or less. */
double partition_share(const struct partition *partition, uint32_t set, bool inside);

void partition_start(struct partition *partition, size_t n_chunks);

/* A conjunction has this bit. Every value satisfies it but for what is bound afterwards. */
void partition_allow(struct partition *partition, size_t bit);

struct binding {
	uint32_t set;
	bool holds_inside; /* of the set; outside it is the opposite */
	bool holds_unknown;
	bool is_alone; /* no other literal of the conjunction is in this dimension */
};

/* The bit's conjunction has this literal. */
void partition_bind(struct partition *partition, size_t bit, struct binding binding);

/* Makes the dimension, which the caller ends. */
void partition_build(struct partition *partition, struct vectors *vectors,
		     struct dimension *ret_dimension);

#endif
