/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which queueing discipline the leaf classes get. */
#ifndef KERNEL_SHAPER_LEAF_H
#define KERNEL_SHAPER_LEAF_H

#include <stdint.h>

#include "engine/plan.h"
#include "kernel/shaper_message.h"
#include "net/nlbatch.h"

/*
 * The kinds that will do, best first, ended by NULL. Where the line adds something to each packet,
 * cake comes first: as a leaf it cuts what the network stack has bundled (GSO) into packets again,
 * and HTB, behind it, counts what is added to each of them and not to the bundle.
 */
const char *const *shaper_leaf_kinds(const struct plan_interface *interface);

/*
 * Finds the first of them that this kernel has, by giving it to a class that is made for that on
 * the interface's qdisc 1:, and removed again. Modules are loaded by the way. 0 with a literal;
 * -EOPNOTSUPP where the kernel has none, another negative errno; then *error is filled.
 */
int shaper_leaf_try(struct mnl_socket *socket, struct shaper_target to,
		    const struct plan_interface *interface, const char **ret_kind,
		    struct nl_error *error);

#endif
