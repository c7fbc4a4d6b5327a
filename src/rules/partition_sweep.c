/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rules/partition.h"
#include "util/alloc.h"

static void add_edge(struct set_edges *edges, struct interval_key key, uint32_t set, bool is_begin)
{
	edges->items =
		array_grow(edges->items, edges->count, &edges->capacity, sizeof(*edges->items));
	edges->items[edges->count++] = (struct set_edge){key, set, is_begin};
}

/* A range up to the last key has no end. */
static void add_number_edges(struct set_edges *edges, const struct number_set *numbers,
			     uint32_t set)
{
	for (size_t i = 0; i < numbers->count; i++) {
		const struct number_range *range = &numbers->ranges[i];
		add_edge(edges, number_key(range->first), set, true);
		if (range->last < UINT64_MAX)
			add_edge(edges, number_key(range->last + 1), set, false);
	}
}

static void add_addr6_edges(struct set_edges *edges, const struct addr_set *addresses, uint32_t set)
{
	for (size_t i = 0; i < addresses->v6_count; i++) {
		struct interval_key end = addr6_key(addresses->v6[i].last);
		add_edge(edges, addr6_key(addresses->v6[i].first), set, true);
		end.low++;
		end.high += end.low == 0;
		if (end.low != 0 || end.high != 0)
			add_edge(edges, end, set, false);
	}
}

static void add_texts(struct partition *partition, const struct text_set *texts, uint32_t set)
{
	for (size_t i = 0; i < texts->count; i++) {
		partition->texts =
			array_grow(partition->texts, partition->n_texts, &partition->texts_capacity,
				   sizeof(*partition->texts));
		partition->texts[partition->n_texts++] = (struct set_text){texts->texts[i], set};
	}
}

static void add_edges(struct partition *partition, const struct predicate *predicate, uint32_t set)
{
	switch (partition->domain) {
	case DOMAIN_KNOWN:
		break;
	case DOMAIN_NUMBERS:
		add_number_edges(&partition->numbers, &predicate->numbers, set);
		break;
	case DOMAIN_ADDRESSES:
		add_number_edges(&partition->numbers, &predicate->addresses.v4, set);
		add_addr6_edges(&partition->v6, &predicate->addresses, set);
		break;
	case DOMAIN_TEXTS:
		add_texts(partition, &predicate->texts, set);
		break;
	}
}

static int compare_edges(const void *a, const void *b)
{
	const struct set_edge *x = a, *y = b;
	return interval_key_compare(&x->key, &y->key);
}

static int compare_texts(const void *a, const void *b)
{
	const struct set_text *x = a, *y = b;
	return strcmp(x->text, y->text);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, size, compare);
}

/* Passes one edge. True where the set, a union of ranges, begins or ends there. */
static bool pass(struct partition *partition, uint32_t index, bool is_begin)
{
	struct value_set *set = &partition->sets[index];
	if (is_begin)
		return set->depth++ == 0;
	return --set->depth == 0;
}

static void leave_all(struct partition *partition, void (*leave)(struct partition *, uint32_t set))
{
	for (uint32_t i = 0; i < partition->n_sets; i++) {
		if (partition->sets[i].depth > 0) {
			partition->sets[i].depth = 0;
			leave(partition, i);
		}
	}
}

static void count_coverage(struct partition *partition, uint32_t set)
{
	partition->sets[set].coverage += partition->n_intervals - partition->sets[set].began;
}

static void survey_edges(struct partition *partition, const struct set_edges *edges)
{
	for (size_t i = 0; i < edges->count; i++) {
		const struct set_edge *edge = &edges->items[i];
		if (i > 0 && interval_key_compare(&edge->key, &edge[-1].key) != 0)
			partition->n_intervals++;
		if (!pass(partition, edge->set, edge->is_begin))
			continue;
		if (edge->is_begin)
			partition->sets[edge->set].began = partition->n_intervals;
		else
			count_coverage(partition, edge->set);
	}
	partition->n_intervals++;
	leave_all(partition, count_coverage);
}

static void survey_texts(struct partition *partition)
{
	for (size_t i = 0; i < partition->n_texts; i++) {
		const struct set_text *text = &partition->texts[i];
		if (i == 0 || strcmp(text->text, text[-1].text) != 0)
			partition->n_intervals++;
		partition->sets[text->set].coverage++;
	}
}

void partition_survey(struct partition *partition)
{
	for (uint32_t i = 0; i < partition->n_sets; i++)
		for (size_t k = 0; k < partition->sets[i].n_members; k++)
			add_edges(partition, partition->sets[i].members[k], i);
	sort(partition->numbers.items, partition->numbers.count, sizeof(struct set_edge),
	     compare_edges);
	sort(partition->v6.items, partition->v6.count, sizeof(struct set_edge), compare_edges);
	sort(partition->texts, partition->n_texts, sizeof(struct set_text), compare_texts);
	survey_edges(partition, &partition->numbers);
	survey_edges(partition, &partition->v6);
	survey_texts(partition);
}

double partition_share(const struct partition *partition, uint32_t set, bool inside)
{
	double share = 1;
	if (partition->domain != DOMAIN_KNOWN)
		share = (double)partition->sets[set].coverage / (double)partition->n_intervals;
	return inside ? share : 1 - share;
}

/* The sweep comes into the set, or out of it. */
static void toggle(struct partition *partition, uint32_t index, bool is_begin)
{
	const struct value_set *set = &partition->sets[index];
	for (size_t i = 0; i < set->n_masks; i++)
		vector_draft_flip(&partition->known, set->masks[i].word, set->masks[i].mask);
	for (size_t i = 0; i < set->n_votes; i++) {
		size_t bit = set->votes[i].bit;
		uint32_t *unsatisfied = &partition->unsatisfied[bit];
		bool held = *unsatisfied == 0;
		*unsatisfied += set->votes[i].holds_inside == is_begin ? UINT32_MAX : 1; /* ∓ 1 */
		if (held != (*unsatisfied == 0))
			vector_draft_flip(&partition->known, bit / 64, (uint64_t)1 << bit % 64);
	}
}

static void toggle_off(struct partition *partition, uint32_t set)
{
	toggle(partition, set, false);
}

static uint32_t current_class(struct partition *partition, struct vectors *vectors,
			      struct dimension *dimension)
{
	return vector_list_add(&dimension->vectors, vectors, &partition->known);
}

static void build_intervals(struct partition *partition, const struct set_edges *edges,
			    struct vectors *vectors, struct dimension *dimension,
			    struct intervals *intervals)
{
	intervals_add(intervals, number_key(0), current_class(partition, vectors, dimension));
	for (size_t i = 0; i < edges->count;) {
		struct interval_key key = edges->items[i].key;
		for (; i < edges->count && interval_key_compare(&edges->items[i].key, &key) == 0;
		     i++) {
			const struct set_edge *edge = &edges->items[i];
			if (pass(partition, edge->set, edge->is_begin))
				toggle(partition, edge->set, edge->is_begin);
		}
		intervals_add(intervals, key, current_class(partition, vectors, dimension));
	}
	leave_all(partition, toggle_off);
	intervals_seal(intervals);
}

static void build_texts(struct partition *partition, struct vectors *vectors,
			struct dimension *dimension)
{
	text_classes_init(&dimension->texts, partition->n_texts);
	for (size_t i = 0; i < partition->n_texts;) {
		size_t first = i;
		const char *text = partition->texts[i].text;
		for (; i < partition->n_texts && strcmp(partition->texts[i].text, text) == 0; i++)
			if (pass(partition, partition->texts[i].set, true))
				toggle(partition, partition->texts[i].set, true);
		text_classes_add(&dimension->texts, text,
				 current_class(partition, vectors, dimension));
		for (; first < i; first++)
			if (pass(partition, partition->texts[first].set, false))
				toggle(partition, partition->texts[first].set, false);
	}
}

void partition_build(struct partition *partition, struct vectors *vectors,
		     struct dimension *ret_dimension)
{
	struct dimension dimension = {
		.attribute = partition->attribute,
		.domain = partition->domain,
	};
	vector_list_init(&dimension.vectors, partition->known.n_rows);
	/* The first vector has number DIMENSION_UNKNOWN. */
	vector_list_add(&dimension.vectors, vectors, &partition->unknown);
	switch (partition->domain) {
	case DOMAIN_KNOWN:
		toggle(partition, 0, true);
		break;
	case DOMAIN_ADDRESSES:
		build_intervals(partition, &partition->v6, vectors, &dimension, &dimension.v6);
		build_intervals(partition, &partition->numbers, vectors, &dimension,
				&dimension.numbers);
		break;
	case DOMAIN_NUMBERS:
		build_intervals(partition, &partition->numbers, vectors, &dimension,
				&dimension.numbers);
		break;
	case DOMAIN_TEXTS:
		build_texts(partition, vectors, &dimension);
		break;
	}
	dimension.other = current_class(partition, vectors, &dimension);
	vector_list_seal(&dimension.vectors);
	*ret_dimension = dimension;
}
