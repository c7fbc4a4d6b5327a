/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_ifb.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>

#include "kernel/ifb.h"
#include "kernel/shaper_htb.h"
#include "kernel/shaper_ingress.h"
#include "kernel/shaper_state.h"

static int refuse_device(const struct ifb *ifb, struct nl_error *error)
{
	*error = (struct nl_error){.code = -ENOTUNIQ, .what = "making the IFB device"};
	snprintf(error->message, sizeof(error->message), "%s", ifb->kind);
	return -ENOTUNIQ;
}

/* What was read before the device was made may be another one's by now. */
static int find(struct mnl_socket *socket, const struct plan_interface *interface,
		struct ifb *ret_ifb, struct nl_error *error)
{
	int result = ifb_find(socket, interface->name, interface->of, ret_ifb, error);
	if (!result && ret_ifb->ifindex && !ret_ifb->is_ours)
		result = refuse_device(ret_ifb, error);
	return result;
}

static int prepare_device(struct mnl_socket *socket, const struct plan_interface *interface,
			  struct ifb *ifb, struct nl_error *error)
{
	int result = 0;
	if (!ifb->ifindex) {
		result = ifb_make(socket, interface->name, error);
		if (!result || result == -EEXIST)
			result = find(socket, interface, ifb, error);
	}
	if (!result && !ifb->is_ready)
		result = ifb_raise(socket, ifb->ifindex, interface->of, error);
	return result;
}

/* What comes in is sent to the device only once that has its classes. */
static int apply(struct mnl_socket *socket, const struct plan *plan,
		 const struct plan_interface *interface, struct shaper_target of,
		 const struct shaper_ingress *ingress, struct ifb *ifb, struct nl_error *error)
{
	int result = prepare_device(socket, interface, ifb, error);
	if (!result)
		result = shaper_htb_apply(socket, ifb->ifindex, plan, interface, error);
	if (!result)
		result = shaper_ingress_apply(socket, of, interface->of, ingress, ifb->ifindex,
					      plan->mark_mask, error);
	return result;
}

int shaper_ifb_apply(struct mnl_socket *socket, const struct plan *plan,
		     const struct plan_interface *interface, struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct shaper_target of = {buffer, (int)if_nametoindex(interface->of)};
	struct shaper_state state = {0};
	struct ifb ifb;
	if (of.ifindex == 0) {
		*error = (struct nl_error){.code = -ENODEV, .what = "looking for the interface"};
		return -ENODEV;
	}
	int result = shaper_state_read(socket, of.ifindex, &state, error);
	if (!result)
		result = shaper_ingress_check(&state.ingress, interface->replace, error);
	if (!result)
		result = find(socket, interface, &ifb, error);
	if (!result) {
		bool was_there = ifb.ifindex != 0;
		result = apply(socket, plan, interface, of, &state.ingress, &ifb, error);
		if (result && !was_there && ifb.is_ours)
			ifb_remove(socket, ifb.ifindex, NULL);
	}
	shaper_state_fini(&state);
	return result;
}

int shaper_ifb_remove(struct mnl_socket *socket, const struct plan_interface *interface,
		      struct nl_error *error)
{
	int of = (int)if_nametoindex(interface->of);
	struct ifb ifb;
	int result = of ? shaper_ingress_remove(socket, of, error) : 0;
	if (!result)
		result = ifb_find(socket, interface->name, interface->of, &ifb, error);
	if (!result && ifb.ifindex && ifb.is_ours)
		result = ifb_remove(socket, ifb.ifindex, error);
	return result;
}
