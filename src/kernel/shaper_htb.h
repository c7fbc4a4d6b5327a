/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTB on one device, brought to what the plan says.
 *
 * What is there is read (shaper_state), the root qdisc is made if it is not ours yet, the leaf
 * discipline that the kernel has is found (shaper_leaf); then the line, the classes and their
 * leaves are created or changed, then the filters (shaper_filter). Classes that the plan does not
 * have are removed by a call of its own, when nobody sends packets to them any more. Every step is
 * one message (shaper_message): rtnetlink has no transactions.
 */
#ifndef KERNEL_SHAPER_HTB_H
#define KERNEL_SHAPER_HTB_H

#include "engine/plan.h"
#include "kernel/shaper_message.h"
#include "net/nlbatch.h"

/* How the plan has the root and the line. */
struct shaper_htb shaper_htb_root(const struct plan_interface *interface);
struct shaper_line shaper_htb_line(const struct plan_interface *interface);

/* The errors of shaper_apply(). */
int shaper_htb_apply(struct mnl_socket *socket, int ifindex, const struct plan *plan,
		     const struct plan_interface *interface, struct nl_error *error);

/* As shaper_prune(); a class to which a filter points cannot be removed, so shaper_htb_apply() goes
 * before. */
int shaper_htb_prune(struct mnl_socket *socket, int ifindex, const struct plan_interface *interface,
		     bool force, bool *ret_left, struct nl_error *error);

/* Removes the root qdisc if it is nfshaper's. 0 or a negative errno. */
int shaper_htb_remove(struct mnl_socket *socket, int ifindex, struct nl_error *error);

#endif
