/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTB on one interface, through rtnetlink: root 1:, line 1:1, one leaf 1:N for each class with a
 * leaf discipline N:. What nfshaper made is told from what others made by a fingerprint in the
 * root's r2q (unused otherwise, since every class has its own quantum), which outlasts a crash
 * and a lost state file.
 */
#ifndef KERNEL_SHAPER_H
#define KERNEL_SHAPER_H

#include <stdint.h>
#include <stdio.h>

#include "engine/plan.h"
#include "net/nlbatch.h"

/*
 * Shapes the interface as the plan says, creating or changing in place; classes that are not in
 * the plan are removed. Returns 0; -ENODEV where there is no such interface; -EEXIST where
 * somebody else's root qdisc is there and the plan does not allow to replace it (error->message is
 * then its kind and handle, as `prio 8001:`); -EOPNOTSUPP where the kernel lacks HTB or the leaf
 * discipline that was asked for; another negative errno; always with *error filled. After a
 * failure on an interface that had no nfshaper qdisc, none is left behind.
 */
int shaper_apply(const struct plan_interface *interface, struct nl_error *error);

/* Removes nfshaper's qdisc, so that the kernel's default comes back; 0 also where the interface
 * is gone or its qdisc is not nfshaper's. */
int shaper_remove(const char *interface, struct nl_error *error);

/*
 * Removes nfshaper's qdiscs from all interfaces that are not in `keep` (NULL: from all), also from
 * those that an earlier run left or that were renamed since. 0 or the first negative errno.
 */
int shaper_remove_others(const struct plan *keep, struct nl_error *error);

struct shaper_stats {
	uint16_t minor;
	uint64_t rate_bps; /* bit/s */
	uint64_t ceil_bps;
	uint64_t now_bps; /* bit/s over the last seconds, the kernel's rate estimator */
	uint64_t bytes;
	uint64_t packets;
	uint64_t drops;
	uint64_t backlog_bytes;
};
typedef void shaper_stats_fn(const struct shaper_stats *stats, void *data);

/* Calls `each` for every leaf class. -ENODEV where there is no such interface, -ENOENT where it
 * is not shaped by nfshaper. */
int shaper_read(const char *interface, shaper_stats_fn *each, void *data);

/* Prints the plan in the words of tc(8), one command a line. */
void shaper_print(const struct plan_interface *interface, FILE *out);

#endif
