/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names that an expression may ask about, in one table. A new attribute is a line in it, a
 * name in enum attribute and its case in evaluation_get().
 */
#ifndef RULES_ATTRIBUTE_H
#define RULES_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/facts.h"
#include "rules/owner.h"

/* What the values of an attribute are: it decides how a written value is read. */
enum attribute_kind {
	KIND_ADDRESS,
	KIND_NUMBER,
	KIND_PROTO,
	KIND_DSCP,
	KIND_DIRECTION,
	KIND_INTERFACE,
	KIND_CC,
	KIND_COUNTRY,
	KIND_CONTINENT,
	KIND_ICMP_TYPE, /* see icmp.h: one number for both families */
	KIND_TIME,      /* minutes of the day */
	KIND_WEEKDAY,   /* 0 is Sunday */
	KIND_TEXT,      /* any */
	KIND_TEXTS      /* a list of any: a test holds if it does for one of them */
};

struct attribute_info {
	const char *name;
	enum attribute_kind kind;
	bool is_expensive;      /* worth asking only when nothing cheaper settles the rule */
	uint64_t max;           /* of a number as it is written */
	const char *what;       /* its values in a message: "a port number" */
	enum owner_level level; /* of the owner that it needs; the deeper, the dearer */
};

const struct attribute_info *attribute_info(enum attribute attribute);

/* Finds a name that is not terminated by a zero. False where there is no such attribute. */
bool attribute_find(const char *name, size_t length, enum attribute *ret_attribute);

/* The nearest name, or NULL. */
const char *attribute_nearest(const char *name);

/* True for `class` and `rule`, which only listings of connections know. */
bool attribute_is_listed(enum attribute attribute);

/* Bits 1 << attribute: those that need more of the owner than is looked up at the level. */
uint64_t attributes_above(enum owner_level level);

/* The lowest level that one of these needs; OWNER_NOTHING where none is of an owner. */
enum owner_level attributes_lowest_level(uint64_t attributes);

/* True where the attribute's value is a number, so that < and the like make sense. */
bool attribute_is_ordered(enum attribute attribute);
/* True where the attribute's value is a text, for like and =~. */
bool attribute_is_text(enum attribute attribute);

/* The value for a person (`443`, `tcp`, `192.0.2.1`); `unknown` is not asked. Caller frees. */
char *attribute_value_text(enum attribute attribute, const struct value *value);

#endif
