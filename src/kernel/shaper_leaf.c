/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_leaf.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#define TRIAL_BPS 8000

const char *const *shaper_leaf_kinds(const struct plan_interface *interface)
{
	static const char *const for_packets[] = {"cake", "fq_codel", "sfq", "pfifo", NULL};
	static const char *const any[] = {"fq_codel", "sfq", "pfifo", NULL};
	static const char *const fq_codel[] = {"fq_codel", NULL};
	static const char *const cake[] = {"cake", NULL};
	static const char *const sfq[] = {"sfq", NULL};
	static const char *const pfifo[] = {"pfifo", NULL};
	switch (interface->leaf) {
	case LEAF_AUTO:
		return interface->overhead || interface->link == LINK_ATM ? for_packets : any;
	case LEAF_FQ_CODEL:
		return fq_codel;
	case LEAF_CAKE:
		return cake;
	case LEAF_SFQ:
		return sfq;
	case LEAF_PFIFO:
		return pfifo;
	}
	return any;
}

static int try_kinds(struct mnl_socket *socket, struct shaper_target to, const char *const *kinds,
		     const char **ret_kind, struct nl_error *error)
{
	/* The parent is there, so ENOENT can only mean the kind (net/sched/sch_api.c). */
	int result = -ENOENT;
	const char *const *kind = kinds;
	for (; *kind && result == -ENOENT; kind++)
		result = nl_request(socket, shaper_message_leaf(to, SHAPER_TRIAL, *kind, TRIAL_BPS),
				    NULL, NULL, error);
	if (result == 0)
		*ret_kind = kind[-1];
	if (result != -ENOENT)
		return result;
	*error = (struct nl_error){.code = -EOPNOTSUPP};
	snprintf(error->message, sizeof(error->message),
		 "this kernel has no %s (sch_%s); `leaf: auto` takes what there is", *kinds,
		 *kinds);
	return -EOPNOTSUPP;
}

int shaper_leaf_try(struct mnl_socket *socket, struct shaper_target to,
		    const struct plan_interface *interface, const char **ret_kind,
		    struct nl_error *error)
{
	const struct shaper_class trial = {
		.minor = SHAPER_TRIAL, .rate_bps = TRIAL_BPS, .ceil_bps = TRIAL_BPS};
	struct nl_error removal;
	int result = nl_request(socket, shaper_message_class(to, &trial), NULL, NULL, error);
	if (!result) {
		result = try_kinds(socket, to, shaper_leaf_kinds(interface), ret_kind, error);
		int removed = nl_request(socket, shaper_message_remove_class(to, SHAPER_TRIAL),
					 NULL, NULL, &removal);
		if (!result && removed) {
			*error = removal;
			result = removed;
		}
	}
	if (result)
		error->what = "trying leaf disciplines";
	return result;
}
