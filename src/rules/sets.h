/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sets of numbers and of addresses as sorted ranges that do not overlap, and sorted sets of texts.
 * Members are added in any order, then the set is sealed once; only a sealed set may be asked.
 * A set begins as all zero; x_fini() frees what it holds.
 */
#ifndef RULES_SETS_H
#define RULES_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct number_range {
	uint64_t first; /* both ends belong to it */
	uint64_t last;
};

struct number_set {
	struct number_range *ranges;
	size_t count;
	size_t capacity;
};

void number_set_add(struct number_set *set, uint64_t first, uint64_t last);
void number_set_seal(struct number_set *set);
bool number_set_has(const struct number_set *set, uint64_t number);
void number_set_fini(struct number_set *set);

struct addr6_range {
	uint8_t first[16];
	uint8_t last[16];
};

struct addr_set {
	struct number_set v4; /* in host order */
	struct addr6_range *v6;
	size_t v6_count;
	size_t v6_capacity;
};

/* `first` and `last` are of one family, `first` is not behind `last`. */
void addr_set_add(struct addr_set *set, const struct addr *first, const struct addr *last);
void addr_set_add_prefix(struct addr_set *set, const struct prefix *prefix);
void addr_set_seal(struct addr_set *set);
bool addr_set_has(const struct addr_set *set, const struct addr *addr);
void addr_set_fini(struct addr_set *set);

struct text_set {
	char **texts;
	size_t count;
	size_t capacity;
};

/* Keeps a copy of the text. */
void text_set_add(struct text_set *set, const char *text);
void text_set_seal(struct text_set *set);
/* The text need not be terminated by a zero. */
bool text_set_has(const struct text_set *set, const char *text, size_t length);
void text_set_fini(struct text_set *set);

#endif
