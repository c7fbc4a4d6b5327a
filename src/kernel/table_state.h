/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of a table is in the kernel: its chains, sets and counters, without rules and elements. */
#ifndef KERNEL_TABLE_STATE_H
#define KERNEL_TABLE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/nlbatch.h"

struct state_chain {
	char *name;
	char *comment; /* or NULL */
	char *type;    /* `filter` … of a base chain, or NULL */
	uint32_t hook; /* NF_INET_… of a base chain */
	int priority;
};

struct state_set {
	char *name;
	uint32_t key_type;
	uint32_t key_length; /* bytes */
	uint32_t data_type;  /* 0: a set */
	uint32_t flags;      /* NFT_SET_… */
	uint32_t size;       /* most elements, 0: no limit */
};

struct table_state {
	bool exists;
	uint32_t flags; /* NFT_TABLE_F_…; ours has none */
	struct state_chain *chains;
	size_t n_chains;
	size_t chains_capacity;
	struct state_set *sets;
	size_t n_sets;
	size_t sets_capacity;
	char **counters; /* names */
	size_t n_counters;
	size_t counters_capacity;
};

/*
 * Reads the table of family inet with that name; it not being there is no error. On success the
 * caller calls table_state_fini(). Negative errno of the kernel, told in *error (may be NULL).
 */
int table_state_read(const char *table, struct table_state *ret_state, struct nl_error *error);
void table_state_fini(struct table_state *state);

const struct state_chain *table_state_chain(const struct table_state *state, const char *name);
const struct state_set *table_state_set(const struct table_state *state, const char *name);

#endif
