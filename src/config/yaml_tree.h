/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A YAML file as a tree of nodes, each with its place.
 *
 * Of YAML there is what a configuration needs. Anchors, aliases, tags, a second document and keys
 * that are not text are refused, and depth and number of nodes are limited, so that a file costs
 * no more memory or time than its size suggests. The tree is built from libyaml's events without
 * recursion.
 */
#ifndef CONFIG_YAML_TREE_H
#define CONFIG_YAML_TREE_H

#include "config/node.h"
#include "config/source.h"
#include "util/diag.h"

#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 250000

struct yaml_tree {
	struct source source;
	struct node *root;
};

/*
 * Takes the source over, also on failure; its path must outlive the tree (the places point to it).
 * The root is NULL where the file holds nothing. What is wrong goes to *diags; -EINVAL where no
 * tree can be made of it. A key that is given twice is an error in *diags, but the tree is made,
 * with the first of them.
 */
int yaml_tree_build(struct source *source, struct diags *diags, struct yaml_tree *ret_tree);
void yaml_tree_fini(struct yaml_tree *tree);

/* The trees of several files. */
struct yaml_trees {
	struct yaml_tree *items;
	size_t count;
	size_t capacity;
};

/* Appends a tree, which is taken over. Returns where it is now, until the next is added. */
struct yaml_tree *yaml_trees_add(struct yaml_trees *trees, const struct yaml_tree *tree);

/* The source of the file with this path, which is among them. */
const struct source *yaml_trees_source(const struct yaml_trees *trees, const char *path);
void yaml_trees_fini(struct yaml_trees *trees);

#endif
