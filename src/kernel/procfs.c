/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/text.h"

#define STATUS_ROOM 4096 /* the lines asked for are among the first */
#define LINK_ROOM 64
#define SOCKET_PREFIX "socket:["
#define REMOVED " (deleted)" /* what d_path() in the kernel adds to the name of such a file */

static int open_file(const char *proc, uint32_t pid, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t procfs_cmdline(const char *proc, uint32_t pid, char *buffer, size_t room)
{
	size_t length = 0;
	ssize_t got = 1;
	int fd = open_file(proc, pid, "cmdline");
	if (fd < 0)
		return fd;
	while (length < room - 1 && got > 0) {
		got = read(fd, buffer + length, room - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	int error = got < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	buffer[length] = '\0';
	return (ssize_t)length;
}

static int read_text(const char *proc, uint32_t pid, const char *name, char *buffer, size_t room)
{
	int fd = open_file(proc, pid, name);
	if (fd < 0)
		return fd;
	ssize_t length = read(fd, buffer, room - 1);
	int error = length < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	buffer[length] = '\0';
	return 0;
}

/* The numbers behind the name of a line; false where there is no such line. */
static bool line_numbers(const char *text, const char *name, unsigned long *numbers, unsigned count)
{
	const char *at = strstr(text, name);
	if (!at)
		return false;
	at += strlen(name);
	for (unsigned i = 0; i < count; i++) {
		char *end;
		numbers[i] = strtoul(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	return true;
}

int procfs_status(const char *proc, uint32_t pid, struct procfs_status *ret_status)
{
	char text[STATUS_ROOM];
	unsigned long parent, uids[2], gids[2]; /* real and effective */
	int error = read_text(proc, pid, "status", text, sizeof(text));
	if (error)
		return error;
	if (!line_numbers(text, "\nPPid:", &parent, 1) || !line_numbers(text, "\nUid:", uids, 2) ||
	    !line_numbers(text, "\nGid:", gids, 2))
		return -EBADMSG;
	*ret_status =
		(struct procfs_status){(uint32_t)parent, (uint32_t)uids[1], (uint32_t)gids[1]};
	return 0;
}

/* The 22nd field; the second is a name in brackets, which may have blanks and brackets itself. */
int procfs_start_time(const char *proc, uint32_t pid, uint64_t *ret_ticks)
{
	char text[STATUS_ROOM];
	int error = read_text(proc, pid, "stat", text, sizeof(text));
	if (error)
		return error;
	const char *at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EBADMSG;
	*ret_ticks = strtoull(at + 1, NULL, 10);
	return 0;
}

int procfs_exe(const char *proc, uint32_t pid, char *buffer, size_t room)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%u/exe", proc, pid);
	ssize_t length = readlink(path, buffer, room - 1);
	if (length < 0)
		return -errno;
	buffer[length] = '\0';
	size_t name = (size_t)length - strlen(REMOVED);
	if ((size_t)length > strlen(REMOVED) && strcmp(buffer + name, REMOVED) == 0)
		buffer[name] = '\0';
	return 0;
}

DIR *procfs_open_descriptors(const char *proc, uint32_t pid)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	return opendir(path);
}

static uint64_t socket_of(int folder, const char *name)
{
	char link[LINK_ROOM];
	ssize_t length = readlinkat(folder, name, link, sizeof(link) - 1);
	size_t prefix = strlen(SOCKET_PREFIX);
	if (length < (ssize_t)prefix || memcmp(link, SOCKET_PREFIX, prefix) != 0)
		return 0;
	link[length] = '\0';
	return strtoull(link + prefix, NULL, 10);
}

uint64_t procfs_descriptor_socket(DIR *descriptors, const char *name)
{
	return socket_of(dirfd(descriptors), name);
}

uint64_t procfs_socket_at(const char *proc, struct procfs_place place)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%u/fd/%u", proc, place.pid, place.descriptor);
	return socket_of(AT_FDCWD, path);
}

int procfs_each(const char *proc, void (*each)(uint32_t pid, void *data), void *data)
{
	DIR *folder = opendir(proc);
	const struct dirent *entry;
	uint64_t pid;
	if (!folder)
		return -errno;
	while ((entry = readdir(folder)))
		if (text_to_u64(entry->d_name, INT_MAX, &pid) == 0 && pid > 0)
			each((uint32_t)pid, data);
	closedir(folder);
	return 0;
}
