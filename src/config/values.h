/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readers of single values, for the tables of a schema. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/schema.h"

/* Fields: struct config_rate; uint64_t (bit/s, no share); bool; char * (one line, not empty). */
void value_rate(struct reader *reader, const char *key, const struct node *value, void *field);
void value_line_rate(struct reader *reader, const char *key, const struct node *value, void *field);
void value_bool(struct reader *reader, const char *key, const struct node *value, void *field);
void value_name(struct reader *reader, const char *key, const struct node *value, void *field);

/* Fields: uint64_t; bytes, seconds, and nanoseconds. */
void value_size(struct reader *reader, const char *key, const struct node *value, void *field);
void value_duration(struct reader *reader, const char *key, const struct node *value, void *field);
void value_delay(struct reader *reader, const char *key, const struct node *value, void *field);

/* Reads a number from `min` to `max` into *ret_number; false, and reported, where it is none. */
bool value_number(struct reader *reader, const char *key, const struct node *value, uint64_t min,
		  uint64_t max, uint64_t *ret_number);

/*
 * The position of the text in a list of words. False, and reported with the nearest one, where it
 * is none of them.
 */
bool value_word(struct reader *reader, const char *key, const struct node *value,
		const char *const *words, size_t count, size_t *ret_position);

/* Reads a prefix; false, and reported with the right one where host bits are set. */
bool value_prefix(struct reader *reader, struct place at, const char *text,
		  struct prefix *ret_prefix);

#endif
