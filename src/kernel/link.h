/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interfaces of the network namespace of the thread that opens: when they come and go, and
 * what their indexes are called. (The index of a name is if_nametoindex(3).)
 *
 * A monitor tells the control loop of every interface that appears, changes its name or vanishes.
 * Names are a cache for a packet thread: each thread has its own, with its own monitor inside, so
 * that it needs no lock.
 *
 * libnfnetlink's nlif_* does the same, but forgets a bridge's member when it leaves the bridge
 * (the RTM_DELLINK of family AF_BRIDGE that it takes for the interface's end), and asks nobody
 * about an index that it does not know.
 */
#ifndef KERNEL_LINK_H
#define KERNEL_LINK_H

#include <stdbool.h>

struct link_monitor;

/* `present`: it is there, under this name (created, renamed, or changed in some way, such as
 * set up); else it is gone, removed or moved to another namespace. */
typedef void link_monitor_fn(const char *name, unsigned ifindex, bool present, void *data);

/* NULL with errno. What was there before is not reported. */
struct link_monitor *link_monitor_open(void);
void link_monitor_close(struct link_monitor *monitor);

/* For poll(2). */
int link_monitor_fd(const struct link_monitor *monitor);

/*
 * Calls `each` for all that has happened, without blocking. Returns 0; -ENOBUFS where events were
 * lost, so that the caller has to look at all its interfaces again (those that were not lost have
 * been or will be reported); another negative errno where the socket is broken.
 */
int link_monitor_read(struct link_monitor *monitor, link_monitor_fn *each, void *data);

struct link_names;

/* NULL with errno. */
struct link_names *link_names_new(void);
void link_names_free(struct link_names *names);

/*
 * The name of an interface, or NULL where there is none with this index. Asks the kernel only the
 * first time. The text is valid until the next link_names_update().
 */
const char *link_names_get(struct link_names *names, unsigned ifindex);

/* The MTU of an interface in bytes, or 0 where there is none with this index. Asks the kernel. */
unsigned link_names_mtu(struct link_names *names, unsigned ifindex);

/* For poll(2): readable when link_names_update() has something to do. */
int link_names_fd(const struct link_names *names);

/* Forgets what has changed. 0, or a negative errno where the socket is broken; then the names are
 * looked up afresh, but changes are not noticed any more. */
int link_names_update(struct link_names *names);

#endif
