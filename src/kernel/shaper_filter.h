/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fw filters of an IFB device: from the bits of the mark mask, which the ingress qdisc has put
 * into the packet mark, to a class (net/sched/cls_fw.c). One filter for each id whose class the
 * interface has; what matches none is in class default.
 */
#ifndef KERNEL_SHAPER_FILTER_H
#define KERNEL_SHAPER_FILTER_H

#include "engine/plan.h"
#include "kernel/shaper_message.h"
#include "net/nlbatch.h"

/* The minor of the outcome's class on that interface, or 0 where there needs to be no filter. */
uint16_t shaper_filter_minor(const struct plan_interface *interface, const struct outcome *outcome);

/* One fw filter on root 1: of the priority; creates it, or gives the one that is there the class.
 */
struct nlmsghdr *shaper_message_filter(struct shaper_target to, uint16_t priority, uint32_t mark,
				       uint32_t mask, uint16_t minor);

/*
 * Brings the filters of the device, whose qdisc and classes are there, to what the plan says. At no
 * time an id has no filter that had one before and will have one. 0 or a negative errno with *error
 * filled, -EOPNOTSUPP where the kernel has no fw.
 */
int shaper_filter_apply(struct mnl_socket *socket, struct shaper_target to, const struct plan *plan,
			const struct plan_interface *interface, struct nl_error *error);

#endif
