/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files that a configuration was read from, byte for byte as they were then: rules.yaml first,
 * then what it names, in the order of reading. Kept elsewhere, they are the configuration again,
 * whatever has become of the files (daemon/confirmed.h). A country database is no part of it.
 */
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/source.h"

struct config_file {
	char *path; /* absolute */
	char *bytes;
	size_t length;
};

struct config_files {
	struct config_file *items;
	size_t count;
	size_t capacity;
	bool is_copy; /* it is read from these, not from the disk */
};

void config_files_fini(struct config_files *files);

/* Appends a file; both texts are copied, the path made absolute by the working directory. */
void config_files_add(struct config_files *files, const char *path, const char *bytes,
		      size_t length);

/* True where both have the same contents in the same order, whatever their paths are. */
bool config_files_equal(const struct config_files *a, const struct config_files *b);

/*
 * As source_load(): from the disk, and then the file is added; from *files where they are a copy,
 * which fails with -ENOENT for what is not among them.
 */
int config_files_load(struct config_files *files, const char *path, struct diags *diags,
		      struct source *ret_source);

/*
 * The same for a file that another one names, at that place: there it is told that it cannot be
 * read. Only regular files are, so that nobody waits for the writer of a FIFO.
 */
int config_files_load_named(struct config_files *files, struct place at, const char *path,
			    struct diags *diags, struct source *ret_source);

struct config_paths {
	char **items;
	size_t count;
	size_t capacity;
};

/* Appends a path, which is taken over. */
void config_paths_add(struct config_paths *paths, char *path);
void config_paths_fini(struct config_paths *paths);

/*
 * Adds the paths that a pattern of glob(7) stands for, in the order of their bytes: on the disk, or
 * of *files where they are a copy. None where the folder is not there. 0, or a negative errno where
 * a folder cannot be read.
 */
int config_files_match(const struct config_files *files, const char *pattern,
		       struct config_paths *paths);

#endif
