/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/include.h"

#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "util/alloc.h"
#include "util/file.h"

static bool is_same_file(const char *a, const char *b)
{
	char *x = file_absolute(a), *y = file_absolute(b);
	bool is_same = strcmp(x, y) == 0;
	free(x);
	free(y);
	return is_same;
}

static bool is_included(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->included.count; i++)
		if (is_same_file(config->included.items[i], path))
			return true;
	return false;
}

/* What only the main file may say, and what each file may. */
static void check_root(struct reader *reader, struct node *root)
{
	struct node *version = node_take(root, "version");
	struct node *include = node_take(root, "include");
	if (version && schema_check_kind(reader, "version", version, SCHEMA_TEXT, "1"))
		read_version(reader, "version", version, NULL);
	if (include)
		report_error(reader->diags, include->at,
			     "an included file cannot include others: name them in `include` of %s",
			     reader->config->path);
	node_free(version);
	node_free(include);
}

static void merge_file(struct reader *reader, struct source *source)
{
	struct yaml_tree tree;
	if (yaml_tree_build(source, reader->diags, &tree))
		return;
	struct node *root = yaml_trees_add(&reader->trees, &tree)->root;
	struct node *into = reader->trees.items[0].root;
	if (!root || !schema_check_kind(reader, "the file", root, SCHEMA_MAP, "keys and values"))
		return;
	check_root(reader, root);
	if (into->kind == NODE_MAP)
		node_merge(into, root, reader->diags);
}

/* The value is the one that names it. */
static void include_file(struct reader *reader, const struct node *value, const char *path)
{
	struct config *config = reader->config;
	struct source source;
	if (is_same_file(path, config->path)) {
		report_error(reader->diags, value->at,
			     "`%s` stands for this file, too: put included files into a folder of "
			     "their own",
			     SHOWN(value->text));
		return;
	}
	if (is_included(config, path))
		return;
	char *kept = xstrdup(path);
	config_paths_add(&config->included, kept);
	if (config_files_load_named(&config->files, value->at, kept, reader->diags, &source) == 0)
		merge_file(reader, &source);
}

/* The files that a pattern stands for; the pattern itself where it is a path. */
static void find_files(struct reader *reader, const struct node *value, struct config_paths *paths)
{
	char *pattern = path_beside(value->at.file, value->text);
	bool is_pattern = strpbrk(value->text, "*?[");
	int error = 0;
	if (!is_pattern)
		config_paths_add(paths, xstrdup(pattern));
	else
		error = config_files_match(&reader->config->files, pattern, paths);
	if (error)
		report_error(reader->diags, value->at, "`%s` cannot be searched for: %s",
			     SHOWN(pattern), strerror(-error));
	else if (paths->count == 0)
		diag_warning(reader->diags, value->at, "`%s` stands for no file", SHOWN(pattern));
	free(pattern);
}

static void include_all(struct reader *reader, const struct node *value)
{
	struct config_paths paths = {0};
	size_t room = INCLUDE_FILES_MAX - reader->config->included.count;
	if (!schema_check_kind(reader, "include", value, SCHEMA_TEXT, "the path of a file"))
		return;
	find_files(reader, value, &paths);
	if (paths.count > room)
		report_error(reader->diags, value->at, "more than %d files are included",
			     INCLUDE_FILES_MAX);
	for (size_t i = 0; i < paths.count && paths.count <= room; i++)
		include_file(reader, value, paths.items[i]);
	config_paths_fini(&paths);
}

void include_files(struct reader *reader)
{
	const struct node *root = reader->trees.items[0].root;
	const struct node *value = root->kind == NODE_MAP ? node_get(root, "include") : NULL;
	if (!value || value->kind == NODE_MAP || node_is_empty(value))
		return; /* the schema reports it */
	if (value->kind == NODE_TEXT)
		include_all(reader, value);
	for (size_t i = 0; value->kind == NODE_LIST && i < value->count; i++)
		include_all(reader, value->items[i]);
}
