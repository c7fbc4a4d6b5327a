/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The values at which the answer of a literal may change: those where a range of its sets begins
 * or has just ended, and the smallest of all. Between them nothing changes, so what holds for none
 * of the boundaries of several literals holds for no value.
 */
#ifndef RULES_BOUNDARIES_H
#define RULES_BOUNDARIES_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/normal_form.h"

/* The test that the literal is about, of an `or` the first; NULL for what is no test. */
const struct predicate *literal_predicate(const struct literal *literal);
/* True where it is an `or` of tests on one attribute. */
bool literal_is_or(const struct literal *literal);

/*
 * Whether the literal, which is about a test, holds for a known value of its attribute; true also
 * where it is a pattern and the value is no text.
 */
bool literal_takes(const struct literal *literal, const struct value *value);

/* True ends the visit. */
typedef bool boundary_visitor(const struct value *value, void *data);

/* Calls the visitor with each boundary; true where it ended the visit. Patterns have none. */
bool literal_visit(const struct literal *literal, boundary_visitor *visitor, void *data);

/* How many ranges or texts its sets have. */
size_t literal_boundaries(const struct literal *literal);

#endif
