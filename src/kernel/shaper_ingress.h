/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ingress qdisc of an interface, with one filter that matches everything: it copies bits of the
 * connection's mark to the packet and redirects that to the IFB device.
 *
 * The qdisc's filters are in a block with a number of its own, which is the fingerprint. The block
 * can be read and changed by that number only (net/sched/cls_api.c, tcf_block_find()).
 */
#ifndef KERNEL_SHAPER_INGRESS_H
#define KERNEL_SHAPER_INGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/shaper_message.h"
#include "kernel/shaper_state.h"
#include "net/nlbatch.h"

/* One way to say it; which of them a kernel knows is for it to tell. */
struct shaper_redirect {
	const char *classifier; /* matchall, or u32 with a key that matches everything */
	const char *restore;    /* ctinfo, which copies the bits of the mask, or connmark, which
				   copies all of the connection's mark; NULL: nothing is copied */
	uint32_t mask;          /* for ctinfo */
	int ifindex;            /* of the IFB device, 0: nothing is redirected */
};

/* All ways, best first, ended by one without classifier. mask and ifindex are left to the caller.
 */
extern const struct shaper_redirect shaper_redirects[];

/* The number of the block for the interface of that name. */
uint32_t shaper_ingress_block(const char *of);

struct nlmsghdr *shaper_message_ingress(struct shaper_target to, uint32_t block);
struct nlmsghdr *shaper_message_remove_ingress(struct shaper_target to);
/* `to.ifindex` is not used. */
struct nlmsghdr *shaper_message_redirect(struct shaper_target to, uint32_t block, uint16_t priority,
					 const struct shaper_redirect *redirect);

/* Reads a filter of a block; false for what is not one of these. */
bool shaper_redirect_read(const struct nlmsghdr *nlh, struct shaper_redirect *ret_redirect);

/* 0, or -EEXIST with *error filled where somebody else's is there and may not be replaced. */
int shaper_ingress_check(const struct shaper_ingress *present, bool replace,
			 struct nl_error *error);

/*
 * Brings the ingress qdisc of the interface `of` to redirect everything to the device `ifb`.
 * `present` is what it has now; a foreign one is replaced. The errors of shaper_apply(). What was
 * not there before is removed again after a failure.
 */
int shaper_ingress_apply(struct mnl_socket *socket, struct shaper_target of, const char *of_name,
			 const struct shaper_ingress *present, int ifb, uint32_t mask,
			 struct nl_error *error);

/* Removes the ingress qdisc if it is nfshaper's. 0 or a negative errno. */
int shaper_ingress_remove(struct mnl_socket *socket, int ifindex, struct nl_error *error);

#endif
