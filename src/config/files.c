/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/files.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/report.h"
#include "util/alloc.h"
#include "util/file.h"

void config_files_fini(struct config_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		free(files->items[i].bytes);
	}
	free(files->items);
	*files = (struct config_files){0};
}

void config_files_add(struct config_files *files, const char *path, const char *bytes,
		      size_t length)
{
	files->items =
		array_grow(files->items, files->count, &files->capacity, sizeof(*files->items));
	struct config_file *file = &files->items[files->count++];
	*file = (struct config_file){
		.path = file_absolute(path), .bytes = xcalloc(length + 1, 1), .length = length};
	memcpy(file->bytes, bytes, length);
}

bool config_files_equal(const struct config_files *a, const struct config_files *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].length != b->items[i].length ||
		    memcmp(a->items[i].bytes, b->items[i].bytes, a->items[i].length) != 0)
			return false;
	return true;
}

static int load_copy(const struct config_files *files, const char *path, struct diags *diags,
		     struct source *ret_source)
{
	char *absolute = file_absolute(path);
	const struct config_file *file = NULL;
	for (size_t i = 0; !file && i < files->count; i++)
		if (strcmp(files->items[i].path, absolute) == 0)
			file = &files->items[i];
	free(absolute);
	if (file)
		return source_take(path, file->bytes, file->length, diags, ret_source);
	diag_error(diags, (struct place){.file = path}, "is not in the copy");
	return -ENOENT;
}

int config_files_load(struct config_files *files, const char *path, struct diags *diags,
		      struct source *ret_source)
{
	if (files->is_copy)
		return load_copy(files, path, diags, ret_source);
	int error = source_load(path, diags, ret_source);
	if (!error)
		config_files_add(files, path, ret_source->bytes, ret_source->length);
	return error;
}

static bool is_regular(const char *path)
{
	struct stat status;
	return stat(path, &status) < 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
}

/* What is wrong with the whole file is told at the place that names it. */
static void report_named(struct diags *diags, struct place at, const char *path,
			 const struct diags *found)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct diag *diag = &found->items[i];
		struct place inside = {path, diag->line, diag->column};
		if (diag->line)
			report_error(diags, inside, "%s", diag->message);
		else
			report_error(diags, at, "file `%s` %s", SHOWN(path), diag->message);
	}
}

int config_files_load_named(struct config_files *files, struct place at, const char *path,
			    struct diags *diags, struct source *ret_source)
{
	struct diags found;
	if (!files->is_copy && !is_regular(path)) {
		report_error(diags, at, "file `%s` cannot be read: it is not a regular file",
			     SHOWN(path));
		return -EINVAL;
	}
	diags_init(&found);
	int error = config_files_load(files, path, &found, ret_source);
	report_named(diags, at, path, &found);
	diags_fini(&found);
	return error;
}

void config_paths_add(struct config_paths *paths, char *path)
{
	paths->items = array_grow(paths->items, paths->count, &paths->capacity, sizeof(char *));
	paths->items[paths->count++] = path;
}

void config_paths_fini(struct config_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
	*paths = (struct config_paths){0};
}

static int compare_paths(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

/* Of glob(3): not zero ends it with GLOB_ABORTED. */
static int on_folder_error(const char *folder, int error)
{
	(void)folder;
	return error != ENOENT && error != ENOTDIR;
}

static int match_disk(const char *pattern, struct config_paths *paths)
{
	glob_t found = {0};
	errno = 0;
	int result = glob(pattern, GLOB_NOSORT, on_folder_error, &found);
	int error = result == GLOB_ABORTED && errno ? -errno
		    : result == GLOB_ABORTED        ? -EIO
		    : result == GLOB_NOSPACE        ? -ENOMEM
						    : 0;
	for (size_t i = 0; !error && i < found.gl_pathc; i++)
		config_paths_add(paths, xstrdup(found.gl_pathv[i]));
	globfree(&found);
	return error;
}

static void match_copy(const struct config_files *files, const char *pattern,
		       struct config_paths *paths)
{
	char *absolute = file_absolute(pattern);
	for (size_t i = 0; i < files->count; i++)
		if (fnmatch(absolute, files->items[i].path, FNM_PATHNAME | FNM_PERIOD) == 0)
			config_paths_add(paths, xstrdup(files->items[i].path));
	free(absolute);
}

int config_files_match(const struct config_files *files, const char *pattern,
		       struct config_paths *paths)
{
	size_t before = paths->count;
	int error = 0;
	if (files->is_copy)
		match_copy(files, pattern, paths);
	else
		error = match_disk(pattern, paths);
	if (paths->count > before)
		qsort(paths->items + before, paths->count - before, sizeof(char *), compare_paths);
	return error;
}
