/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sets of a configuration as the rules use them. What an entry means depends on the attribute
 * that is compared with its set, so a set is compiled when it is first used, once for all
 * attributes whose values are written alike (the ports, the addresses …), and shared by all
 * predicates of that kind: they count as its users, and the last one frees it.
 */
#ifndef RULES_NAMED_SETS_H
#define RULES_NAMED_SETS_H

#include <stdbool.h>

#include "config/config.h"
#include "rules/attribute.h"
#include "rules/expr.h"
#include "rules/fault.h"
#include "rules/sets.h"

enum set_kind { SET_NUMBERS, SET_ADDRESSES, SET_TEXTS };

/* Sealed, never changed afterwards. */
struct shared_set {
	unsigned users;
	enum set_kind kind;
	union {
		struct number_set numbers;
		struct addr_set addresses;
		struct text_set texts;
	};
};

struct named_sets;

/* Borrows the configuration. */
struct named_sets *named_sets_new(const struct config *config);
/* Sets that predicates share live on. */
void named_sets_free(struct named_sets *sets);

/*
 * The set that the value names, compiled for the attribute. NULL and the fault where there is no
 * such set (`sets` may be NULL: there are none), or where an entry does not fit; else it belongs to
 * `sets`, and whoever keeps it beyond the call takes it with shared_set_take().
 */
struct shared_set *named_sets_get(struct named_sets *sets, const struct expr_value *value,
				  enum attribute attribute, struct fault *fault);

struct shared_set *shared_set_take(struct shared_set *set);
void shared_set_release(struct shared_set *set);

/*
 * True as long as the sets copied into lists, such as [80, @web], are not too much; `set` is about
 * to be copied.
 */
bool named_sets_may_copy(struct named_sets *sets, const struct shared_set *set);

enum set_kind set_kind_of(enum attribute attribute);

#endif
