/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/kept.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/file.h"

#define KEPT_VERSION 1

static char *path_of(const char *state_dir, const char *name)
{
	return xasprintf("%s/%s", state_dir, name);
}

static json_t *files_json(const struct config_files *files)
{
	json_t *list = json_array();
	for (size_t i = 0; i < files->count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s%}", "path", files->items[i].path, "text",
						files->items[i].bytes, files->items[i].length));
	return json_pack("{s:i, s:o}", "version", KEPT_VERSION, "files", list);
}

int kept_save(const char *state_dir, const char *name, const struct config_files *files)
{
	int error = make_directory(state_dir, 0755);
	if (error)
		return error;
	json_t *root = files_json(files);
	char *text = json_dumps(root, JSON_COMPACT);
	char *path = path_of(state_dir, name);
	error = text ? file_replace(path, 0600, text, strlen(text)) : -ENOMEM;
	free(path);
	free(text);
	json_decref(root);
	return error;
}

static int read_files(json_t *root, struct config_files *files)
{
	json_t *list = NULL, *item;
	size_t index;
	int version = 0;
	if (json_unpack(root, "{s:i, s:o}", "version", &version, "files", &list) ||
	    version != KEPT_VERSION || json_array_size(list) == 0)
		return -EBADMSG;
	json_array_foreach(list, index, item)
	{
		const char *path, *text;
		size_t length;
		if (json_unpack(item, "{s:s, s:s%}", "path", &path, "text", &text, &length))
			return -EBADMSG;
		config_files_add(files, path, text, length);
	}
	return 0;
}

int kept_load(const char *state_dir, const char *name, struct config_files *ret_files)
{
	struct config_files files = {0};
	char *path = path_of(state_dir, name);
	FILE *file = fopen(path, "re");
	int error = file ? 0 : -errno;
	free(path);
	if (error)
		return error == -ENOTDIR ? -ENOENT : error;
	json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, NULL);
	fclose(file);
	error = root ? read_files(root, &files) : -EBADMSG;
	json_decref(root);
	if (error)
		config_files_fini(&files);
	else
		*ret_files = files;
	return error;
}

int kept_confirm(const char *state_dir)
{
	char *from = path_of(state_dir, KEPT_UNCONFIRMED), *to = path_of(state_dir, KEPT_CONFIRMED);
	int error = file_rename(from, to);
	free(from);
	free(to);
	return error;
}

void kept_forget(const char *state_dir)
{
	char *path = path_of(state_dir, KEPT_UNCONFIRMED);
	unlink(path);
	free(path);
}
