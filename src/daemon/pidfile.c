/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nfshaper/control.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"

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

static int open_file(const char *run_dir, int flags)
{
	char *path = xasprintf("%s/%s", run_dir, NFSHAPER_PID_FILE);
	int fd = open(path, flags | O_CLOEXEC, 0640);
	int error = -errno;
	free(path);
	return fd < 0 ? error : fd;
}

static pid_t read_number(int fd)
{
	char text[32];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

int pidfile_lock(const char *run_dir, pid_t *ret_pid)
{
	int error = make_directory(run_dir, 0750);
	if (error)
		return error;
	int fd = open_file(run_dir, O_RDWR | O_CREAT);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (error == -EBUSY)
		*ret_pid = read_number(fd);
	close(fd);
	return error;
}

int pidfile_write(int fd)
{
	if (ftruncate(fd, 0))
		return -errno;
	return dprintf(fd, "%d\n", (int)getpid()) < 0 ? -errno : 0;
}

void pidfile_remove(const char *run_dir, int fd)
{
	char *path = xasprintf("%s/%s", run_dir, NFSHAPER_PID_FILE);
	unlink(path);
	free(path);
	close(fd);
}

pid_t pidfile_read(const char *run_dir)
{
	int fd = open_file(run_dir, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? -ESRCH : fd;
	pid_t pid = -ESRCH;
	if (flock(fd, LOCK_SH | LOCK_NB))
		pid = errno == EWOULDBLOCK ? read_number(fd) : -errno;
	close(fd);
	return pid == 0 ? -ESRCH : pid;
}
