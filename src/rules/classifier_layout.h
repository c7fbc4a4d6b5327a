/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What classifier.c builds and classifier_match.c reads. */
#ifndef RULES_CLASSIFIER_LAYOUT_H
#define RULES_CLASSIFIER_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/condition.h"
#include "rules/dimension.h"
#include "rules/vectors.h"

#define DIMENSIONS_MAX 64 /* bits of a set of dimensions */

/* A condition that no vector answers. */
struct residue {
	const struct condition *condition;
	bool is_negated;
};

/* The conjunction that has a bit. */
struct classifier_bit {
	uint64_t dimensions; /* that it depends on, its group's included */
	uint32_t rule;
	uint32_t first_residue;
	uint32_t n_residues;
};

struct classifier_chunk {
	uint64_t dimensions; /* that some bit depends on, the group's left out */
	uint32_t first_rule;
};

struct classifier_group {
	uint32_t pivot; /* the dimension through which it is read */
	bool has_pivot; /* otherwise nothing narrows it: every bit is a candidate */
	uint32_t first_rule;
	size_t first_chunk;
	size_t end_chunk;
};

struct classifier {
	struct vectors vectors;
	struct dimension dimensions[DIMENSIONS_MAX];
	size_t n_dimensions;
	uint64_t expensive;          /* dimensions */
	struct vector_list all;      /* one vector: every bit that a conjunction has */
	struct classifier_bit *bits; /* n_chunks × VECTOR_CHUNK_BITS */
	struct classifier_chunk *chunks;
	size_t n_chunks;
	struct classifier_group groups[DIMENSIONS_MAX + 1]; /* those of expensive pivots last */
	size_t n_groups;
	struct residue *residues;
};

#endif
