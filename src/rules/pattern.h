/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The right side of `like` and `=~`. Both work on bytes, in time that the pattern's and the text's
 * lengths bound, and allocate nothing while matching.
 */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/expr.h"
#include "rules/fault.h"

#define PATTERN_LENGTH_MAX 4096 /* bytes */

/* Checks a glob: * ? [a-z] [!a-z] and \ before a character meant as itself. 0 or -EINVAL. */
int glob_check(const struct expr_value *value, struct fault *fault);

/*
 * Whether a checked glob covers the whole text. `*` also matches `/`; `?` is one character of
 * UTF-8.
 */
bool glob_matches(const char *glob, const char *text, size_t length);

struct regex;

/* Compiles a regular expression (PCRE2, bytes, no JIT). NULL and the fault, or to be freed. */
struct regex *regex_new(const struct expr_value *value, struct fault *fault);
void regex_free(struct regex *regex);

/* Whether it is found in the text; false too where the limits on steps or memory end the search. */
bool regex_matches(const struct regex *regex, const char *text, size_t length);

#endif
