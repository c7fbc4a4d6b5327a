/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds the first of many conditions that holds, at a cost that hardly grows with their number.
 *
 * Every condition becomes conjunctions (normal_form.h), every conjunction a bit. For each attribute
 * the packet's value is in one class of values (dimension.h), whose bit vector says which
 * conjunctions that attribute lets pass; a bit that is set in the vectors of all attributes is a
 * condition that holds (Lakshman and Stiliadis, High-Speed Policy-based Packet Forwarding,
 * SIGCOMM 1998). Two things keep this short:
 *
 * - Bits are arranged in groups (Baboescu and Varghese, 2001, rearrange rules to the same end). A
 *   conjunction goes to the group of the attribute that it depends on most: the one whose classes
 *   are satisfied least often. A group is read through that attribute's vector, where a packet has
 *   few bits or none, so that empty chunks end the search in it. Within a group bits are in the
 *   order of the conditions, and a group is left where the best candidate so far comes earlier.
 * - An attribute is looked up when a vector of its is needed the first time. Expensive ones
 *   (countries, owners) do not take part until a candidate that depends on one has passed all
 *   others.
 *
 * An attribute may be open: what it is, is not known yet, but can be looked up. A conjunction that
 * all other attributes let pass is then in doubt, which ends the search as if it held: what comes
 * behind it does not matter before that is known.
 *
 * Tests by pattern and parts that are too large for the normal form are tried on the candidates
 * that everything else lets pass.
 *
 * Built once, then read only: any number of threads may ask it; asking allocates nothing.
 */
#ifndef RULES_CLASSIFIER_H
#define RULES_CLASSIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/condition.h"

struct classifier;

/* The conditions (NULL: always true) have to outlive the classifier, which the caller frees. */
struct classifier *classifier_new(struct condition *const *conditions, size_t count);
void classifier_free(struct classifier *classifier);

/*
 * The index of the first condition from `from` on that holds, or -1. With *ret_in_doubt it is that
 * of the first which may hold, for a conjunction of it is in doubt: condition_truth() tells.
 */
int classifier_match(const struct classifier *classifier, struct evaluation *evaluation,
		     uint32_t from, bool *ret_in_doubt);

#endif
