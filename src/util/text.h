/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads a whole text as a number, decimal or with 0x hexadecimal, no sign, no blanks.
 * Returns 0, -EINVAL where it is no number, -ERANGE where it exceeds `max`.
 */
int text_to_u64(const char *text, uint64_t max, uint64_t *ret_number);

/*
 * The name nearest to `wrong` (Levenshtein distance, at most a third of its length and at least
 * one edit away), or NULL where none is near. The result is one of `names`.
 */
const char *text_nearest(const char *wrong, const char *const *names, size_t count);

#endif
