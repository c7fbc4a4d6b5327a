/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line cut into intervals, each of one class: which class is a number, or an address, in? A key
 * is 128 bits: an IPv6 address in two halves, anything smaller in the upper half with 0 below.
 *
 * The interval is found by an index on the upper half's leading bits and a binary search of what
 * the index leaves. The index begins at the first cut and ends at the last, so that networks that
 * lie close together are told apart too.
 */
#ifndef RULES_INTERVALS_H
#define RULES_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interval_key {
	uint64_t high;
	uint64_t low;
};

static inline int interval_key_compare(const struct interval_key *a, const struct interval_key *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return (a->low > b->low) - (a->low < b->low);
}

/* Without the lower half of its first key: few keys agree in the upper one. */
struct interval {
	uint64_t high;
	uint32_t class;
};

struct intervals {
	struct interval *items; /* the first begins at key 0 */
	uint64_t *lows;         /* lower halves of their first keys; NULL: all are 0 */
	size_t count;
	size_t capacity;
	size_t lows_capacity;
	uint64_t base;   /* upper half of the second interval's first key */
	unsigned shift;  /* bits of a key's distance from it that the index leaves out */
	size_t n_index;  /* distances that the index knows; all that is farther is the last */
	uint32_t *index; /* n_index + 1: how many intervals begin before this distance */
};

/* In ascending order, the first at key 0. One of the class before it is no new interval. */
void intervals_add(struct intervals *intervals, struct interval_key first, uint32_t class);
/* Builds the index; from then on intervals_find() may be used, and nothing be added. */
void intervals_seal(struct intervals *intervals);
void intervals_fini(struct intervals *intervals);

static inline bool intervals_begins(const struct intervals *intervals, size_t item,
				    struct interval_key key)
{
	uint64_t high = intervals->items[item].high;
	if (!intervals->lows)
		return high <= key.high;
	return high < key.high || (high == key.high && intervals->lows[item] <= key.low);
}

/*
 * The class of the key. Most slots of the index leave one interval or none to compare with: that
 * goes without a branch, which the processor could not foresee. In a slot without one, `before` is
 * the next that begins, which is behind the key.
 */
static inline uint32_t intervals_find(const struct intervals *intervals, struct interval_key key)
{
	if (key.high < intervals->base || intervals->n_index == 0)
		return intervals->items[0].class;
	uint64_t slot = (key.high - intervals->base) >> intervals->shift;
	if (slot >= intervals->n_index)
		return intervals->items[intervals->count - 1].class;
	size_t before = intervals->index[slot], count = intervals->index[slot + 1] - before;
	while (count > 1) {
		size_t half = count / 2;
		before += intervals_begins(intervals, before + half - 1, key) ? half : 0;
		count -= half;
	}
	before += intervals_begins(intervals, before, key);
	return intervals->items[before - 1].class;
}

#endif
