/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Processes that begin, run another program, change their user and end, as the kernel's proc
 * connector tells (drivers/connector/cn_proc.c).
 */
#ifndef KERNEL_PROC_EVENTS_H
#define KERNEL_PROC_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum proc_event_kind {
	PROC_BEGINS, /* `parent` has forked it */
	PROC_EXECS,
	PROC_CHANGES_USER, /* `uid` is the effective one from now on */
	PROC_CHANGES_GROUP,
	PROC_ENDS,
};

/* Of whole processes; what threads do is left out. */
struct proc_change {
	enum proc_event_kind kind;
	uint32_t pid;
	uint32_t parent;
	uint32_t uid;
};

/* True with the change where a datagram of the connector tells of one. For tests. */
bool proc_change_read(const void *bytes, size_t length, struct proc_change *ret_change);

struct proc_events;

/*
 * Begins to listen, in the first network namespace, the only one in which the connector speaks.
 * Waits up to 100 ms for its word that it does. NULL with errno, *ret_why a phrase to be freed.
 */
struct proc_events *proc_events_open(char **ret_why);
void proc_events_close(struct proc_events *events);

/* For poll(2). */
int proc_events_fd(const struct proc_events *events);

/*
 * Reads all that is there and calls `each` for every change. 0; -ENOBUFS where some were lost: what
 * is known of processes must be read anew; or another negative errno.
 */
int proc_events_read(struct proc_events *events, void (*each)(const struct proc_change *, void *),
		     void *data);

#endif
