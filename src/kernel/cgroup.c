/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"

#define MOUNTS "/proc/self/mounts"
/* FILEID_KERNFS of linux/exportfs.h: the handle is the id. */
#define HANDLE_KERNFS 0xfe
#define MOUNT_LINE_MAX 4096

struct cgroup_tree {
	int fd;
	char *mount;
};

static char *find_mount(void)
{
	char line[MOUNT_LINE_MAX], *found = NULL;
	struct mntent entry;
	FILE *mounts = setmntent(MOUNTS, "re");
	if (!mounts)
		return NULL;
	while (!found && getmntent_r(mounts, &entry, line, sizeof(line)))
		if (strcmp(entry.mnt_type, "cgroup2") == 0)
			found = xstrdup(entry.mnt_dir);
	endmntent(mounts);
	if (!found)
		errno = ENOENT;
	return found;
}

struct cgroup_tree *cgroup_open(void)
{
	char *mount = find_mount();
	if (!mount)
		return NULL;
	int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int saved = errno;
		free(mount);
		errno = saved;
		return NULL;
	}
	struct cgroup_tree *tree = xcalloc(1, sizeof(*tree));
	*tree = (struct cgroup_tree){fd, mount};
	return tree;
}

void cgroup_close(struct cgroup_tree *tree)
{
	if (!tree)
		return;
	close(tree->fd);
	free(tree->mount);
	free(tree);
}

/* The path without the mount's own. */
static int take_below(const struct cgroup_tree *tree, const char *path, char *buffer, size_t room)
{
	size_t mount = strlen(tree->mount);
	if (strncmp(path, tree->mount, mount) != 0)
		return -ESTALE;
	const char *below = path[mount] ? path + mount : "/";
	if (strlen(below) >= room)
		return -ENAMETOOLONG;
	strcpy(buffer, below);
	return 0;
}

/* What the kernel calls the open folder. */
static int path_of(const struct cgroup_tree *tree, int fd, char *buffer, size_t room)
{
	char link[64], path[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return -errno;
	path[length] = '\0';
	return take_below(tree, path, buffer, room);
}

/* One system call, for which CAP_DAC_READ_SEARCH is needed. */
static int open_group(const struct cgroup_tree *tree, uint64_t id)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = {{.handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS}, id};
	int fd = open_by_handle_at(tree->fd, &handle.head, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The id is the folder's inode, too. */
static int walk(const struct cgroup_tree *tree, uint64_t id, char *buffer, size_t room)
{
	char *roots[] = {tree->mount, NULL};
	FTS *folders = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	const FTSENT *entry;
	int result = -ESTALE;
	if (!folders)
		return -errno;
	while (result == -ESTALE && (entry = fts_read(folders)))
		if (entry->fts_info == FTS_D && entry->fts_statp->st_ino == id)
			result = take_below(tree, entry->fts_path, buffer, room);
	fts_close(folders);
	return result;
}

int cgroup_path(const struct cgroup_tree *tree, uint64_t id, char *buffer, size_t room)
{
	int fd = open_group(tree, id);
	if (fd == -EPERM || fd == -EOPNOTSUPP)
		return walk(tree, id, buffer, room);
	if (fd < 0)
		return fd;
	int error = path_of(tree, fd, buffer, room);
	close(fd);
	return error;
}

static int ends_in(const char *part, size_t length, const char *suffix)
{
	size_t size = strlen(suffix);
	return length > size && memcmp(part + length - size, suffix, size) == 0;
}

/* Slices have no processes of their own. */
static int is_unit(const char *part, size_t length)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (ends_in(part, length, suffixes[i]))
			return 1;
	return 0;
}

const char *cgroup_unit(const char *path, size_t *ret_length)
{
	const char *end = path + strlen(path);
	while (end > path) {
		const char *begin = end;
		while (begin > path && begin[-1] != '/')
			begin--;
		*ret_length = (size_t)(end - begin);
		if (is_unit(begin, *ret_length))
			return begin;
		end = begin > path ? begin - 1 : path;
	}
	return NULL;
}
