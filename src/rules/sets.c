/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/sets.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

void number_set_add(struct number_set *set, uint64_t first, uint64_t last)
{
	set->ranges = array_grow(set->ranges, set->count, &set->capacity, sizeof(*set->ranges));
	set->ranges[set->count++] = (struct number_range){first, last};
}

static int compare_numbers(const void *a, const void *b)
{
	const struct number_range *x = a, *y = b;
	return (x->first > y->first) - (x->first < y->first);
}

void number_set_seal(struct number_set *set)
{
	struct number_range *ranges = set->ranges;
	size_t kept = 0;
	if (set->count == 0)
		return;
	qsort(ranges, set->count, sizeof(*ranges), compare_numbers);
	for (size_t i = 1; i < set->count; i++) {
		/* The second half also holds where last + 1 would overflow. */
		if (ranges[i].first <= ranges[kept].last ||
		    ranges[i].first - ranges[kept].last == 1) {
			if (ranges[i].last > ranges[kept].last)
				ranges[kept].last = ranges[i].last;
		} else {
			ranges[++kept] = ranges[i];
		}
	}
	set->count = kept + 1;
}

bool number_set_has(const struct number_set *set, uint64_t number)
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (number < set->ranges[middle].first)
			high = middle;
		else if (number > set->ranges[middle].last)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

void number_set_fini(struct number_set *set)
{
	free(set->ranges);
	*set = (struct number_set){0};
}

static uint32_t v4_number(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

void addr_set_add(struct addr_set *set, const struct addr *first, const struct addr *last)
{
	if (first->family == AF_INET) {
		number_set_add(&set->v4, v4_number(first), v4_number(last));
		return;
	}
	set->v6 = array_grow(set->v6, set->v6_count, &set->v6_capacity, sizeof(*set->v6));
	struct addr6_range *range = &set->v6[set->v6_count++];
	memcpy(range->first, first->bytes, sizeof(range->first));
	memcpy(range->last, last->bytes, sizeof(range->last));
}

void addr_set_add_prefix(struct addr_set *set, const struct prefix *prefix)
{
	struct addr last = prefix->addr;
	for (size_t bit = prefix->length; bit < addr_size(&last) * 8; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	addr_set_add(set, &prefix->addr, &last);
}

static int compare_addr6(const void *a, const void *b)
{
	const struct addr6_range *x = a, *y = b;
	return memcmp(x->first, y->first, sizeof(x->first));
}

void addr_set_seal(struct addr_set *set)
{
	size_t kept = 0;
	number_set_seal(&set->v4);
	if (set->v6_count == 0)
		return;
	qsort(set->v6, set->v6_count, sizeof(*set->v6), compare_addr6);
	/* Neighbours that merely touch stay two ranges: the answers are the same. */
	for (size_t i = 1; i < set->v6_count; i++) {
		struct addr6_range *last = &set->v6[kept];
		if (memcmp(set->v6[i].first, last->last, sizeof(last->last)) > 0)
			set->v6[++kept] = set->v6[i];
		else if (memcmp(set->v6[i].last, last->last, sizeof(last->last)) > 0)
			memcpy(last->last, set->v6[i].last, sizeof(last->last));
	}
	set->v6_count = kept + 1;
}

bool addr_set_has(const struct addr_set *set, const struct addr *addr)
{
	size_t low = 0, high = set->v6_count;
	if (addr->family == AF_INET)
		return number_set_has(&set->v4, v4_number(addr));
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(addr->bytes, set->v6[middle].first, sizeof(addr->bytes)) < 0)
			high = middle;
		else if (memcmp(addr->bytes, set->v6[middle].last, sizeof(addr->bytes)) > 0)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

void addr_set_fini(struct addr_set *set)
{
	number_set_fini(&set->v4);
	free(set->v6);
	*set = (struct addr_set){0};
}

void text_set_add(struct text_set *set, const char *text)
{
	set->texts = array_grow(set->texts, set->count, &set->capacity, sizeof(char *));
	set->texts[set->count++] = xstrdup(text);
}

static int compare_texts(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

void text_set_seal(struct text_set *set)
{
	if (set->count > 1)
		qsort(set->texts, set->count, sizeof(char *), compare_texts);
}

/* As strcmp(3) with a text that has a length instead of a zero. */
static int compare_text(const char *text, size_t length, const char *other)
{
	int order = strncmp(text, other, length);
	return order ? order : other[length] ? -1 : 0;
}

bool text_set_has(const struct text_set *set, const char *text, size_t length)
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_text(text, length, set->texts[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

void text_set_fini(struct text_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->texts[i]);
	free(set->texts);
	*set = (struct text_set){0};
}
