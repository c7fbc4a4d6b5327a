/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One packet's run through the rules: its facts, and what had to be looked up for them, so that
 * ten rules about countries cost one look-up. Lives on the stack of whoever evaluates.
 */
#ifndef RULES_EVALUATION_H
#define RULES_EVALUATION_H

#include "rules/facts.h"
#include "rules/geo.h"
#include "rules/owner.h"

struct evaluation {
	const struct facts *facts;
	bool has_looked_up; /* `country` was asked for: cc NULL where it is not known */
	struct geo_country country;
	uint64_t open; /* bits 1 << attribute: not looked up yet, so that answers depend on them */
	uint64_t told; /* what the condition's tests on the owner answer: bits in their order, … */
	unsigned n_told; /* … of the first so many, which are not asked again */
};

/* An answer, unless it depends on attributes that are open: then `holds` says nothing. */
struct truth {
	bool holds;
	uint64_t open; /* these */
};

static inline struct evaluation evaluation_of(const struct facts *facts)
{
	return (struct evaluation){.facts = facts};
}

/* How much of the owner is known to be known or not: all, where there is none. */
static inline enum owner_level owner_level_of(const struct facts *facts)
{
	if (facts->owner)
		return facts->owner->level;
	return facts->direction == DIRECTION_FORWARD ? OWNER_PROCESS : OWNER_NOTHING;
}

/*
 * As facts_get(). Only the fields of *ret_value that its type uses are written; a direction, cc
 * and country are texts that have a number too (enum direction; both letters, country_pack()).
 */
void evaluation_get(struct evaluation *evaluation, enum attribute attribute,
		    struct value *ret_value);

#endif
