/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What /proc tells of processes, proc(5). All functions take the folder's path, for tests. */
#ifndef KERNEL_PROCFS_H
#define KERNEL_PROCFS_H

#include <dirent.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCFS "/proc"

struct procfs_status {
	uint32_t parent; /* its process, 0: none */
	uint32_t uid;    /* effective */
	uint32_t gid;
};

/* 0 or a negative errno: -ENOENT, -ESRCH where it has ended. */
int procfs_status(const char *proc, uint32_t pid, struct procfs_status *ret_status);

/* Clock ticks after boot at which it began: with the pid, nobody else's. 0 or a negative errno. */
int procfs_start_time(const char *proc, uint32_t pid, uint64_t *ret_ticks);

/*
 * Its command line as the kernel has it, words ended by zeros, up to `room` bytes with a zero at
 * the end. Returns the length; 0 for kernel threads; or a negative errno.
 */
ssize_t procfs_cmdline(const char *proc, uint32_t pid, char *buffer, size_t room);

/*
 * The file that runs, also where another has taken its name since. 0 or a negative errno: -ENOENT,
 * -ESRCH where the process is about to end, or is a kernel thread.
 */
int procfs_exe(const char *proc, uint32_t pid, char *buffer, size_t room);

/* The folder of its descriptors; NULL with errno. closedir(3). */
DIR *procfs_open_descriptors(const char *proc, uint32_t pid);

/* The socket that the descriptor of that name is, by its inode; 0: it is none. */
uint64_t procfs_descriptor_socket(DIR *descriptors, const char *name);

/* A descriptor of a process. */
struct procfs_place {
	uint32_t pid; /* 0: none */
	uint32_t descriptor;
};

/* The socket that is open there, by its inode; 0: none is. */
uint64_t procfs_socket_at(const char *proc, struct procfs_place place);

/* Calls `each` for every process, in the order of the folder. 0 or a negative errno. */
int procfs_each(const char *proc, void (*each)(uint32_t pid, void *data), void *data);

#endif
