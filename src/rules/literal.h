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
 * One number: a port, a protocol's or DSCP's name or number, a direction, a country by code or
 * name as country_pack().
 */
int literal_number(const struct attribute_info *info, const struct expr_value *value,
		   uint64_t *ret_number, struct fault *fault);

/* One number as above or, where the attribute is a number, a range a-b. */
int literal_add_numbers(const struct attribute_info *info, const struct expr_value *value,
			struct number_set *set, struct fault *fault);

/* An address, a prefix, or a range a-b. */
int literal_add_addresses(const struct expr_value *value, struct addr_set *set,
			  struct fault *fault);

/* Checks a text that is to be compared with an interface's name. */
int literal_check_interface(const struct expr_value *value, struct fault *fault);

#endif
