/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a written value means for its attribute. Each function returns 0, or -EINVAL with a fault
 * that says what would be right, at the value's place.
 */
#ifndef RULES_LITERAL_H
#define RULES_LITERAL_H

#include "rules/attribute.h"
#include "rules/expr.h"
#include "rules/fault.h"
#include "rules/sets.h"

/*
 * One number: a port, a protocol's or DSCP's name or number, an ICMP type's number, a direction, a
 * country or continent as country_pack(), a time as minutes of the day, a day of the week.
 */
int literal_number(const struct attribute_info *info, const struct expr_value *value,
		   uint64_t *ret_number, struct fault *fault);

/* One number as above, an ICMP type's name or, where the attribute has an order, a range a-b. */
int literal_add_numbers(const struct attribute_info *info, const struct expr_value *value,
			struct number_set *set, struct fault *fault);

/* All from `first` to `last` as written: an ICMP type means that of both families. */
void literal_add_range(const struct attribute_info *info, uint64_t first, uint64_t last,
		       struct number_set *set);

/* Parts of literal_number(). */
int literal_cc(const struct expr_value *value, uint64_t *ret_number, struct fault *fault);
int literal_country(const struct expr_value *value, uint64_t *ret_number, struct fault *fault);
int literal_continent(const struct expr_value *value, uint64_t *ret_number, struct fault *fault);

/* An address, a prefix, or a range a-b. */
int literal_add_addresses(const struct expr_value *value, struct addr_set *set,
			  struct fault *fault);

/* Checks a text that is to be compared with the attribute's: it must be one that there can be. */
int literal_check_text(enum attribute attribute, const struct expr_value *value,
		       struct fault *fault);

/* True where a user or a group is written as its number, or as a range of them. */
bool literal_is_id(const struct expr_value *value);

#endif
