/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/partition.h"

#include <stdlib.h>
#include <string.h>

#include "rules/fingerprint.h"
#include "util/alloc.h"

#define FREE_SLOT UINT32_MAX
#define SLOTS_FIRST 64u /* a power of two */

void partition_init(struct partition *partition, enum attribute attribute, enum domain domain)
{
	*partition = (struct partition){
		.attribute = attribute,
		.domain = domain,
		.n_slots = SLOTS_FIRST,
		.slots = xreallocarray(NULL, SLOTS_FIRST, sizeof(uint32_t)),
	};
	memset(partition->slots, 0xff, SLOTS_FIRST * sizeof(uint32_t));
}

static void set_fini(struct value_set *set)
{
	free(set->members);
	free(set->masks);
	free(set->votes);
}

void partition_fini(struct partition *partition)
{
	for (size_t i = 0; i < partition->n_sets; i++)
		set_fini(&partition->sets[i]);
	free(partition->sets);
	free(partition->slots);
	free(partition->numbers.items);
	free(partition->v6.items);
	free(partition->texts);
	free(partition->unsatisfied);
	vector_draft_fini(&partition->known);
	vector_draft_fini(&partition->unknown);
	*partition = (struct partition){0};
}

static bool are_equal_numbers(const struct number_set *a, const struct number_set *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->ranges, b->ranges, a->count * sizeof(*a->ranges)) == 0);
}

static bool are_equal_addresses(const struct addr_set *a, const struct addr_set *b)
{
	return are_equal_numbers(&a->v4, &b->v4) && a->v6_count == b->v6_count &&
	       (a->v6_count == 0 || memcmp(a->v6, b->v6, a->v6_count * sizeof(*a->v6)) == 0);
}

static bool are_equal_texts(const struct text_set *a, const struct text_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	return true;
}

static bool are_equal_predicates(const struct predicate *a, const struct predicate *b,
				 enum domain domain)
{
	if (a->shared || b->shared)
		return a->shared == b->shared;
	switch (domain) {
	case DOMAIN_KNOWN:
		break;
	case DOMAIN_NUMBERS:
		return are_equal_numbers(&a->numbers, &b->numbers);
	case DOMAIN_ADDRESSES:
		return are_equal_addresses(&a->addresses, &b->addresses);
	case DOMAIN_TEXTS:
		return are_equal_texts(&a->texts, &b->texts);
	}
	return true;
}

static bool are_equal_sets(const struct value_set *a, const struct value_set *b, enum domain domain)
{
	if (a->print != b->print || a->n_members != b->n_members)
		return false;
	for (size_t i = 0; i < a->n_members; i++)
		if (!are_equal_predicates(a->members[i], b->members[i], domain))
			return false;
	return true;
}

static uint64_t print_numbers(uint64_t print, const struct number_set *set)
{
	return fingerprint(print, set->ranges, set->count * sizeof(*set->ranges));
}

static uint64_t print_predicate(uint64_t print, const struct predicate *predicate,
				enum domain domain)
{
	const struct addr_set *addresses = &predicate->addresses;
	const struct text_set *texts = &predicate->texts;
	if (predicate->shared) /* may be large, and have thousands of users */
		return fingerprint(print, &predicate->shared, sizeof(predicate->shared));
	switch (domain) {
	case DOMAIN_KNOWN:
		return print;
	case DOMAIN_NUMBERS:
		return print_numbers(print, &predicate->numbers);
	case DOMAIN_ADDRESSES:
		print = print_numbers(print, &addresses->v4);
		return fingerprint(print, addresses->v6,
				   addresses->v6_count * sizeof(*addresses->v6));
	case DOMAIN_TEXTS:
		break;
	}
	for (size_t i = 0; i < texts->count; i++)
		print = fingerprint(print, texts->texts[i], strlen(texts->texts[i]));
	return print;
}

static void set_add_member(struct value_set *set, const struct predicate *predicate,
			   enum domain domain)
{
	if (domain == DOMAIN_KNOWN)
		return;
	set->members = array_grow(set->members, set->n_members, &set->members_capacity,
				  sizeof(*set->members));
	set->members[set->n_members++] = predicate;
	set->print = print_predicate(set->print, predicate, domain);
}

static struct value_set set_of(const struct literal *literal, enum domain domain)
{
	struct value_set set = {0};
	const struct condition *condition = literal->condition;
	if (condition->kind == EXPR_TEST)
		set_add_member(&set, literal->test, domain);
	for (size_t i = 0; i < condition->n_children; i++)
		if (literal_has(literal, &condition->children[i]))
			set_add_member(&set, &condition->children[i].predicate, domain);
	return set;
}

/* The slot of an equal set, or the free one where it belongs. */
static uint32_t *find_slot(struct partition *partition, const struct value_set *set)
{
	size_t mask = partition->n_slots - 1;
	size_t at = (size_t)(set->print >> 16) & mask;
	while (partition->slots[at] != FREE_SLOT &&
	       !are_equal_sets(&partition->sets[partition->slots[at]], set, partition->domain))
		at = (at + 1) & mask;
	return &partition->slots[at];
}

static void grow_slots(struct partition *partition)
{
	if (partition->n_sets + 1 <= partition->n_slots / 2)
		return;
	partition->n_slots *= 2;
	partition->slots =
		xreallocarray(partition->slots, partition->n_slots, sizeof(*partition->slots));
	memset(partition->slots, 0xff, partition->n_slots * sizeof(*partition->slots));
	for (size_t i = 0; i < partition->n_sets; i++)
		*find_slot(partition, &partition->sets[i]) = (uint32_t)i;
}

uint32_t partition_add(struct partition *partition, const struct literal *literal)
{
	struct value_set set = set_of(literal, partition->domain);
	grow_slots(partition);
	uint32_t *slot = find_slot(partition, &set);
	if (*slot != FREE_SLOT) {
		set_fini(&set);
		return *slot;
	}
	partition->sets = array_grow(partition->sets, partition->n_sets, &partition->sets_capacity,
				     sizeof(set));
	partition->sets[partition->n_sets] = set;
	return *slot = (uint32_t)partition->n_sets++;
}

void partition_start(struct partition *partition, size_t n_chunks)
{
	vector_draft_init(&partition->known, n_chunks);
	vector_draft_init(&partition->unknown, n_chunks);
	partition->unsatisfied =
		xcalloc(n_chunks * VECTOR_CHUNK_BITS, sizeof(*partition->unsatisfied));
}

void partition_allow(struct partition *partition, size_t bit)
{
	vector_draft_flip(&partition->known, bit / 64, (uint64_t)1 << bit % 64);
	vector_draft_flip(&partition->unknown, bit / 64, (uint64_t)1 << bit % 64);
}

static void clear_bit(struct vector_draft *draft, size_t bit)
{
	vector_draft_flip(draft, bit / 64, draft->words[bit / 64] & (uint64_t)1 << bit % 64);
}

static void add_mask(struct value_set *set, size_t bit)
{
	size_t word = bit / 64;
	uint64_t mask = (uint64_t)1 << bit % 64;
	if (set->n_masks > 0 && set->masks[set->n_masks - 1].word == word) {
		set->masks[set->n_masks - 1].mask |= mask;
		return;
	}
	set->masks =
		array_grow(set->masks, set->n_masks, &set->masks_capacity, sizeof(*set->masks));
	set->masks[set->n_masks++] = (struct set_mask){word, mask};
}

static void add_vote(struct value_set *set, size_t bit, bool holds_inside)
{
	set->votes =
		array_grow(set->votes, set->n_votes, &set->votes_capacity, sizeof(*set->votes));
	set->votes[set->n_votes++] = (struct set_vote){bit, holds_inside};
}

void partition_bind(struct partition *partition, size_t bit, struct binding binding)
{
	struct value_set *set = &partition->sets[binding.set];
	if (!binding.holds_unknown)
		clear_bit(&partition->unknown, bit);
	if (binding.holds_inside)
		clear_bit(&partition->known, bit);
	if (binding.is_alone) {
		add_mask(set, bit);
	} else {
		partition->unsatisfied[bit] += binding.holds_inside;
		add_vote(set, bit, binding.holds_inside);
	}
}
