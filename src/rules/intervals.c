/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/intervals.h"

#include <assert.h>
#include <stdlib.h>

#include "util/alloc.h"

#define SLOTS_MAX 65536u     /* one for each port */
#define SLOTS_PER_INTERVAL 4 /* most slots then hold one interval or none */

void intervals_add(struct intervals *intervals, struct interval_key first, uint32_t class)
{
	size_t count = intervals->count;
	assert(count > 0 || (first.high == 0 && first.low == 0));
	if (count > 0 && intervals->items[count - 1].class == class)
		return;
	intervals->items = array_grow(intervals->items, count, &intervals->capacity,
				      sizeof(*intervals->items));
	intervals->lows = array_grow(intervals->lows, count, &intervals->lows_capacity,
				     sizeof(*intervals->lows));
	intervals->items[count] = (struct interval){.high = first.high, .class = class};
	intervals->lows[count] = first.low;
	intervals->count = count + 1;
}

/* As fine as the number of intervals is worth. */
static void choose_index(struct intervals *intervals)
{
	uint64_t span = intervals->items[intervals->count - 1].high - intervals->base;
	uint64_t wanted = (uint64_t)intervals->count * SLOTS_PER_INTERVAL;
	if (wanted > SLOTS_MAX)
		wanted = SLOTS_MAX;
	while (span >> intervals->shift >= wanted)
		intervals->shift++;
	intervals->n_index = (size_t)(span >> intervals->shift) + 1;
	intervals->index = xcalloc(intervals->n_index + 1, sizeof(*intervals->index));
}

static void seal_lows(struct intervals *intervals)
{
	bool any = false;
	for (size_t i = 0; i < intervals->count; i++)
		any |= intervals->lows[i] != 0;
	if (any) {
		intervals->lows =
			xreallocarray(intervals->lows, intervals->count, sizeof(*intervals->lows));
	} else {
		free(intervals->lows);
		intervals->lows = NULL;
	}
}

void intervals_seal(struct intervals *intervals)
{
	size_t count = intervals->count;
	intervals->items = xreallocarray(intervals->items, count, sizeof(*intervals->items));
	seal_lows(intervals);
	if (count < 2)
		return;
	intervals->base = intervals->items[1].high;
	choose_index(intervals);
	/* Counted in the slot behind their own, then summed up: all that begin before a slot. */
	intervals->index[0] = 1;
	for (size_t i = 1; i < count; i++) {
		uint64_t slot = (intervals->items[i].high - intervals->base) >> intervals->shift;
		intervals->index[slot + 1]++;
	}
	for (size_t slot = 1; slot <= intervals->n_index; slot++)
		intervals->index[slot] += intervals->index[slot - 1];
}

void intervals_fini(struct intervals *intervals)
{
	free(intervals->items);
	free(intervals->lows);
	free(intervals->index);
	*intervals = (struct intervals){0};
}
