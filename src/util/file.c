/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"

char *file_absolute(const char *path)
{
	char folder[PATH_MAX];
	if (path[0] == '/' || !getcwd(folder, sizeof(folder)))
		return xstrdup(path);
	return xasprintf("%s/%s", folder, path);
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		length -= (size_t)written;
	}
	return fsync(fd) ? -errno : 0;
}

/* A name is on the disk when its folder is. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	free(folder);
	return error;
}

int file_rename(const char *from, const char *to)
{
	return rename(from, to) ? -errno : sync_folder(to);
}

int file_replace(const char *path, mode_t mode, const void *bytes, size_t length)
{
	char *temporary = xasprintf("%s.new", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	int error = fd < 0 ? -errno : write_all(fd, bytes, length);
	if (fd >= 0)
		close(fd);
	if (!error)
		error = file_rename(temporary, path);
	if (error && fd >= 0)
		unlink(temporary);
	free(temporary);
	return error;
}

int make_directory(const char *path, mode_t mode)
{
	char partial[PATH_MAX];
	size_t length = strlen(path);
	if (length == 0 || length >= sizeof(partial))
		return length ? -ENAMETOOLONG : -EINVAL;
	memcpy(partial, path, length + 1);
	for (char *slash = partial + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		if (mkdir(partial, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(partial, mode) && errno != EEXIST ? -errno : 0;
}
