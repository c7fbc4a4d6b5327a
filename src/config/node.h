/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A node of a YAML tree. Everything that is written is text here: that `yes`, `010` or `~` mean
 * something else in YAML is of no concern; who reads a node knows what it should be.
 */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/diag.h"

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };
enum node_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL, STYLE_FOLDED };

struct node {
	enum node_kind kind;
	enum node_style style; /* of a text */
	bool is_flow;          /* a list in […] or a map in {…} */
	struct place at;       /* where it begins; a quoted text: its quote */
	struct place end;      /* behind it; texts only */
	char *text;            /* of a text */
	struct node **items;   /* of a list, and the values of a map */
	struct node **keys;    /* of a map: texts, in the file's order */
	size_t count;
};

/* Frees it and all below it. */
void node_free(struct node *node);

/* The value of a key of a map, or NULL. */
const struct node *node_get(const struct node *map, const char *key);

/* True for `key:` with nothing behind it. */
bool node_is_empty(const struct node *node);

/* Removes a key of a map, and returns its value, which the caller frees; NULL: it has no such key.
 */
struct node *node_take(struct node *map, const char *key);

/*
 * Moves all of a map into another: keys that both have are merged where both are maps, lists
 * append, and anything else that both have is an error in *diags. *from is empty then.
 */
void node_merge(struct node *into, struct node *from, struct diags *diags);

/* Keeps the first of the entries with the same key; each other one is an error in *diags. */
void node_drop_duplicates(struct node *map, struct diags *diags);

#endif
