/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is right in a configuration and yet cannot be meant: rules that never match, always match
 * or are never reached, and classes that no rule uses. What is said is certain; not all that could
 * be said is found: an attribute is taken as independent of the others (dport and lport, cc and
 * country), and the work is limited.
 */
#ifndef ENGINE_LINT_H
#define ENGINE_LINT_H

#include "config/config.h"
#include "rules/ruleset.h"
#include "util/diag.h"

/*
 * Up to about 1,500 rules, each is held against all that come before it; of more rules, against the
 * first some hundred of them, and against all with the same words.
 */
#define LINT_WORK_MAX 6000000u /* values tried, about 0.1 s */
#define LINT_WARNINGS_MAX 100u /* of one kind */

/* Adds warnings at the places of what they are about. Returns how many values were tried for them.
 */
uint64_t lint(const struct config *config, const struct ruleset *ruleset, struct diags *diags);

#endif
