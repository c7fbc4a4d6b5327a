/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PLAN_IFB: the device, its HTB, and the ingress qdisc that feeds it. */
#ifndef KERNEL_SHAPER_IFB_H
#define KERNEL_SHAPER_IFB_H

#include "engine/plan.h"
#include "net/nlbatch.h"

/* The errors of shaper_apply(). */
int shaper_ifb_apply(struct mnl_socket *socket, const struct plan *plan,
		     const struct plan_interface *interface, struct nl_error *error);

/* The ingress qdisc first. 0, also where nothing is there, or a negative errno. */
int shaper_ifb_remove(struct mnl_socket *socket, const struct plan_interface *interface,
		      struct nl_error *error);

#endif
