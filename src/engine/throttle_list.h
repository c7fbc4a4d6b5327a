/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The throttles that there are: those of the file, at the positions that they have in struct
 * config, and behind them those made by the `throttle` command, which outlast reload and restart.
 * Plain data; the throttles with their sessions belong to the snapshot.
 */
#ifndef ENGINE_THROTTLE_LIST_H
#define ENGINE_THROTTLE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "throttle/throttle.h"

struct throttle_item {
	char *tag;
	uint32_t serial;   /* its own for good */
	bool by_command;   /* else it is in the file */
	bool over_rejects; /* what a call that is over meets; else it is dropped */
	struct throttle_spec spec;
};

struct throttle_list {
	struct throttle_item *items;
	size_t count;
	size_t capacity;
	uint32_t last_serial; /* that was ever given */
};

void throttle_list_fini(struct throttle_list *list);

/* Appends a copy. A serial of 0 is replaced by a new one; others must be free. */
struct throttle_item *throttle_list_add(struct throttle_list *list,
					const struct throttle_item *item);
void throttle_list_remove(struct throttle_list *list, size_t position);

/* By tag; NULL where there is none. */
struct throttle_item *throttle_list_find(const struct throttle_list *list, const char *tag);

/* The throttle that nft rules call by the same name as this tag's, or NULL. */
const struct throttle_item *throttle_list_find_call(const struct throttle_list *list,
						    const char *tag);

/*
 * Fills the empty *list with those of the file and those of `known` that were made by command and
 * whose names the file has not taken. Known tags keep their serial.
 */
void throttle_list_merge(struct throttle_list *list, const struct config *config,
			 const struct throttle_list *known);

/* A copy of `from` into the empty *list. */
void throttle_list_copy(struct throttle_list *list, const struct throttle_list *from);

#endif
