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

#include "config/files.h"
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
 * Reads a file (config_files_load). `path` must outlive the tree (the places point to it). What is
 * wrong goes to *diags; -EINVAL where no tree can be made of it, other errors as source_load(). A
 * key that is given twice is an error in *diags, but the tree is made, with the first of them.
 */
int yaml_tree_load(struct config_files *files, const char *path, struct diags *diags,
		   struct yaml_tree *ret_tree);
void yaml_tree_fini(struct yaml_tree *tree);

#endif
