/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control groups, version 2 (Documentation/admin-guide/cgroup-v2.rst in the kernel). */
#ifndef KERNEL_CGROUP_H
#define KERNEL_CGROUP_H

#include <stddef.h>
#include <stdint.h>

struct cgroup_tree;

/* The tree as it is mounted; NULL with errno where there is none. */
struct cgroup_tree *cgroup_open(void);
void cgroup_close(struct cgroup_tree *tree);

/*
 * The path below the root of the group with this id, "/" for the root itself. The id is that of its
 * folder in kernfs (include/linux/cgroup.h, cgroup_id()). 0, or a negative errno: -ESTALE where it
 * is gone.
 */
int cgroup_path(const struct cgroup_tree *tree, uint64_t id, char *buffer, size_t room);

/*
 * The systemd unit of a path, borrowed from it: the innermost part that is a service, a scope, or
 * another unit that has processes; of a user's manager, the user's own unit. NULL: none.
 * *ret_length are its bytes.
 */
const char *cgroup_unit(const char *path, size_t *ret_length);

#endif
