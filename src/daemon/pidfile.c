/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nfshaper/control.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/file.h"

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

/* A lock that belongs to the open file, so that a child shares it (fcntl(2), open file
 * description locks), and that can be looked at without being taken. */
static int set_lock(int fd, int command, struct flock *ret_lock)
{
	*ret_lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(fd, command, ret_lock) ? -errno : 0;
}

/* False where somebody has removed the file since it was opened. */
static bool is_current(const char *run_dir, int fd)
{
	struct stat opened, named;
	char *path = xasprintf("%s/%s", run_dir, NFSHAPER_PID_FILE);
	bool same = fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
		    opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
	free(path);
	return same;
}

int pidfile_lock(const char *run_dir, pid_t *ret_pid)
{
	struct flock lock;
	int error = make_directory(run_dir, 0750);
	while (!error) {
		int fd = open_file(run_dir, O_RDWR | O_CREAT);
		if (fd < 0)
			return fd;
		error = set_lock(fd, F_OFD_SETLK, &lock);
		if (!error && is_current(run_dir, fd))
			return fd;
		if (error == -EAGAIN) {
			*ret_pid = read_number(fd);
			error = -EBUSY;
		}
		close(fd);
	}
	return error;
}

int pidfile_write(int fd)
{
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) < 0)
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
	struct flock lock;
	pid_t pid = set_lock(fd, F_OFD_GETLK, &lock);
	if (pid == 0)
		pid = lock.l_type == F_UNLCK ? -ESRCH : read_number(fd);
	close(fd);
	return pid == 0 ? -ESRCH : pid;
}
