/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTB for one entry of the plan, through rtnetlink: root 1:, line 1:1, one leaf 1:N for each class
 * with a leaf discipline N:, on the device that the plan names:
 *
 *   PLAN_OUT     the interface itself; what has no class is in class default
 *   PLAN_INSIDE  an interface to the inside; what has no class passes unshaped (default 0)
 *   PLAN_IFB     a device of kind ifb, made and removed here, with fw filters that turn the bits of
 *                the mark mask into a class; an ingress qdisc on the interface `of` copies them
 * from the connection's mark and sends everything through that device PLAN_POLICE  nothing: the
 * table does it
 *
 * What nfshaper made is told from what others made by fingerprints that outlast a crash and a lost
 * state file: the root's r2q (unused otherwise, since every class has its own quantum), the group
 * of the IFB device, and the number of the ingress qdisc's filter block. Each of them is there from
 * the first moment on, so that also a run that was killed half way is known again.
 *
 * Everything here may be done again at any time, and then changes nothing that is right. All is
 * done in the network namespace of the calling thread.
 */
#ifndef KERNEL_SHAPER_H
#define KERNEL_SHAPER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/plan.h"
#include "net/nlbatch.h"

/*
 * Shapes as `interface`, one of plan->interfaces, says, creating or changing in place; filters that
 * are not in the plan are removed, classes stay. Of the plan itself, ids and mark_mask are read. 0,
 * or a negative errno with *error (may be NULL) filled:
 *
 *   -ENODEV      there is no such interface (PLAN_IFB: no interface `of`)
 *   -EEXIST      somebody else's root qdisc is there (PLAN_IFB: an ingress or clsact qdisc on `of`)
 *                and the plan does not allow to replace it; error->message is its kind and handle,
 *                as `prio 8001:`
 *   -ENOTUNIQ    PLAN_IFB: a device of that name is there which is not nfshaper's, and is left
 *                alone whatever the plan says; error->message is its kind, or empty
 *   -EOPNOTSUPP  the kernel lacks something; error->message says what and how to get it
 *
 * After a failure, what had no nfshaper qdisc before has none.
 */
int shaper_apply(const struct plan *plan, const struct plan_interface *interface,
		 struct nl_error *error);

/*
 * Removes the classes of the device that are not in the plan, once shaper_apply() has taken away
 * what leads to them. Packets that wait in a class are lost with it: without `force`, such a class
 * stays, and *ret_left tells of it. 0, also where there is nothing of nfshaper; or a negative errno
 * with *error (may be NULL) filled.
 */
int shaper_prune(const struct plan_interface *interface, bool force, bool *ret_left,
		 struct nl_error *error);

/* Removes what shaper_apply() made, so that the kernel's default comes back: the root qdisc, or the
 * ingress qdisc and then the IFB device (in the other order, what comes in would be lost). 0 also
 * where the interface is gone, or what is there is not nfshaper's. */
int shaper_remove(const struct plan_interface *interface, struct nl_error *error);

/*
 * Removes all qdiscs and IFB devices of nfshaper that are not in `keep` (NULL: all), also those
 * that an earlier run left or whose interface was renamed since. 0 or the first negative errno,
 * with *error filled.
 */
int shaper_remove_others(const struct plan *keep, struct nl_error *error);

struct shaper_stats {
	uint16_t minor;
	uint64_t rate_bps; /* bit/s, as the kernel has it: with `link: ptm` 64/65 of the plan's */
	uint64_t ceil_bps;
	uint64_t now_bps; /* bit/s over the last seconds, the kernel's rate estimator */
	uint64_t bytes;
	uint64_t packets;
	uint64_t drops;
	uint64_t backlog_bytes;
	uint64_t backlog_packets;
};
typedef void shaper_stats_fn(const struct shaper_stats *stats, void *data);

/* Calls `each` for every leaf class of the device that has them. -ENODEV where there is no such
 * interface (PLAN_IFB: no interface `of`); -ENOENT where it is not shaped by nfshaper, or not here
 * (PLAN_POLICE), or where one half is missing (PLAN_IFB: the device, or the ingress qdisc). */
int shaper_read(const struct plan_interface *interface, shaper_stats_fn *each, void *data);

/* Prints the plan in the words of tc(8) and ip(8), one command a line. */
void shaper_print(const struct plan *plan, const struct plan_interface *interface, FILE *out);

/*
 * Whether what comes in can be shaped by an IFB device here: makes a scratch one, with everything
 * that shaper_apply() would give it, and removes it. No other device is touched. False with
 * *ret_why a sentence that names what is missing and how to get it, to be freed by the caller;
 * *ret_why is untouched where the result is true.
 */
bool shaper_can_ifb(char **ret_why);

#endif
