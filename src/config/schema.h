/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What rules.yaml may hold, as tables: each key of a map with the kinds of value it takes, the
 * function that reads it and the field that it fills. schema_read() walks over a map by its table
 * and reports all that does not fit; the readers report what is wrong with a value, and go on.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/node.h"
#include "config/report.h"
#include "config/yaml_tree.h"

/* One reading of one configuration. */
struct reader {
	struct config *config;   /* is being filled */
	struct yaml_trees trees; /* of its files; the first has all that they hold */
	struct diags *diags;
	bool classes_unknown; /* `classes` is unusable: do not complain of unknown ones as well */
	bool throttles_unknown;
};

/* Reads the value of `key` into *field; leaves it as it was where the value is wrong. */
typedef void (*schema_reader)(struct reader *reader, const char *key, const struct node *value,
			      void *field);

#define SCHEMA_TEXT (1u << NODE_TEXT)
#define SCHEMA_LIST (1u << NODE_LIST)
#define SCHEMA_MAP (1u << NODE_MAP)

struct schema_key {
	const char *name;
	unsigned kinds;       /* SCHEMA_TEXT | SCHEMA_LIST | SCHEMA_MAP */
	const char *expected; /* what would be right: "a rate such as 20mbit" */
	schema_reader read;   /* NULL: it has been read before the others */
	size_t offset;        /* of the field in the target */
	const char *missing;  /* required: what to write where it is missing; or NULL */
};

/* One row of a table. */
#define SCHEMA_KEY(key, kinds_, expected_, reader_, offset_)                                       \
	{                                                                                          \
		.name = (key), .kinds = (kinds_), .expected = (expected_), .read = (reader_),      \
		.offset = (offset_)                                                                \
	}
#define SCHEMA_REQUIRED(key, kinds_, expected_, reader_, offset_, missing_)                        \
	{                                                                                          \
		.name = (key), .kinds = (kinds_), .expected = (expected_), .read = (reader_),      \
		.offset = (offset_), .missing = (missing_)                                         \
	}

struct schema {
	const char *name; /* of the map, in messages: "`queue`", "an interface" */
	const struct schema_key *keys;
	size_t count;
};

#define SCHEMA(title, table)                                                                       \
	{                                                                                          \
		.name = (title), .keys = (table), .count = sizeof(table) / sizeof((table)[0])      \
	}

/* Reads a map into *target. The readers are called in the table's order, not the file's. */
void schema_read(struct reader *reader, const struct schema *schema, const struct node *map,
		 void *target);

/* True where the value is of one of the kinds; else reports what it is, and what is expected. */
bool schema_check_kind(struct reader *reader, const char *key, const struct node *value,
		       unsigned kinds, const char *expected);

/* "; did you mean `near`?", or "" where no name is near. The caller frees the result. */
char *schema_guess(const char *wrong, const char *const *names, size_t count);

#endif
