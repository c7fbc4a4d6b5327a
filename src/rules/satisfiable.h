/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether there can be a packet for which several literals hold at once: what `check` says about
 * rules rests on it. Attributes are taken as independent of each other, and patterns that cannot
 * be compared as satisfiable together, so that only "no" is certain.
 */
#ifndef RULES_SATISFIABLE_H
#define RULES_SATISFIABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/normal_form.h"

#define SATISFIABLE_LITERALS_MAX 64
#define SATISFIABLE_VALUES_MAX 4096 /* tried for one attribute */

/*
 * False where no packet satisfies all the literals; true where one does, or may do, or where it
 * would take too long to find out. Adds to *work about what it cost, in tried values.
 */
bool literals_may_hold(const struct literal *const *literals, size_t count, uint64_t *work);

/* The same for one conjunction alone, and for two together. */
bool conjunction_may_hold(const struct conjunction *conjunction, uint64_t *work);
bool conjunctions_may_hold(const struct conjunction *a, const struct conjunction *b,
			   uint64_t *work);

#endif
