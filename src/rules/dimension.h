/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One attribute as the classifier sees it: its values fall into classes, and values of one class
 * satisfy the same conjunctions, which are the class's bit vector. That the attribute is not known
 * is a class too.
 */
#ifndef RULES_DIMENSION_H
#define RULES_DIMENSION_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/evaluation.h"
#include "rules/intervals.h"
#include "rules/predicate.h"
#include "rules/sets.h"
#include "rules/text_classes.h"
#include "rules/vectors.h"

/* What of a value is looked at; an attribute may have one dimension of each. */
enum domain { DOMAIN_KNOWN, DOMAIN_NUMBERS, DOMAIN_ADDRESSES, DOMAIN_TEXTS };

#define DIMENSION_UNKNOWN 0 /* the class of an attribute that is not known */

struct dimension {
	enum attribute attribute;
	enum domain domain;
	struct intervals numbers;   /* of DOMAIN_NUMBERS, and the IPv4 addresses */
	struct intervals v6;        /* of DOMAIN_ADDRESSES */
	struct text_classes texts;  /* of DOMAIN_TEXTS */
	uint32_t other;             /* class of a known value in DOMAIN_KNOWN, of any other text */
	struct vector_list vectors; /* by class */
};

void dimension_fini(struct dimension *dimension);

/* The vector of the packet's value: its rows, for vectors_chunk(). */
const uint32_t *dimension_rows(const struct dimension *dimension, struct evaluation *evaluation);

static inline struct interval_key number_key(uint64_t number)
{
	return (struct interval_key){.high = number};
}

struct interval_key addr6_key(const uint8_t bytes[16]);

#endif
