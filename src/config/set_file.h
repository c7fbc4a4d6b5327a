/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A set while it is read, whether from rules.yaml or from a file of its own: texts are kept behind
 * each other in one block, so that half a million addresses take little.
 */
#ifndef CONFIG_SET_FILE_H
#define CONFIG_SET_FILE_H

#include "config/schema.h"

#define SET_ENTRY_BYTES_MAX 1024
#define SETS_ENTRIES_MAX 500000u        /* in all sets of a configuration */
#define SETS_FILE_BYTES_MAX (32u << 20) /* in all their files */

/* What all sets together may still have. */
struct set_budget {
	size_t entries;
	size_t file_bytes;
};

struct set_draft {
	struct config_set *set;
	size_t entries_capacity;
	size_t bytes;
	size_t bytes_capacity;
	size_t *offsets; /* of the texts, which move while there come more */
	size_t offsets_capacity;
	struct set_budget *budget;
};

/*
 * Adds an entry. False, and reported, where it cannot be one: a set inside a set, an empty or a
 * very long text, or one too many.
 */
bool set_draft_add(struct set_draft *draft, struct reader *reader, struct place at,
		   const char *text, size_t length);

/* Makes the entries point to their texts; warns of those listed twice. */
void set_draft_end(struct set_draft *draft, struct reader *reader);

/*
 * Adds the entries of the file: one a line, `#` at its beginning or behind a blank begins a
 * comment. `value` is where rules.yaml names it. Faults are reported with their places in the file.
 */
void set_file_read(struct set_draft *draft, struct reader *reader, const struct node *value,
		   const char *path);

#endif
