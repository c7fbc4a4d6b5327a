/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
