/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper.h"

#include <errno.h>
#include <net/if.h>
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/ifb.h"
#include "kernel/shaper_htb.h"
#include "kernel/shaper_ifb.h"
#include "kernel/shaper_ingress.h"
#include "kernel/shaper_message.h"
#include "kernel/shaper_state.h"

static int fail(struct nl_error *error, int code, const char *what)
{
	*error = (struct nl_error){.code = code, .what = what};
	return code;
}

static int apply_here(struct mnl_socket *socket, const struct plan *plan,
		      const struct plan_interface *interface, struct nl_error *error)
{
	int ifindex = (int)if_nametoindex(interface->name);
	if (ifindex == 0)
		return fail(error, -ENODEV, "looking for the interface");
	return shaper_htb_apply(socket, ifindex, plan, interface, error);
}

int shaper_apply(const struct plan *plan, const struct plan_interface *interface,
		 struct nl_error *error)
{
	struct nl_error unwanted, *to = error ? error : &unwanted;
	int result = 0;
	*to = (struct nl_error){0};
	if (!plan_has_classes(interface))
		return 0;
	struct mnl_socket *socket = shaper_open();
	if (!socket)
		return fail(to, -errno, "opening a netlink socket");
	if (interface->way == PLAN_IFB)
		result = shaper_ifb_apply(socket, plan, interface, to);
	else
		result = apply_here(socket, plan, interface, to);
	mnl_socket_close(socket);
	return result;
}

/* What is gone between two steps, by itself or by another's hand, is removed. */
static int removed(int result)
{
	return result == -ENODEV || result == -ENOENT ? 0 : result;
}

int shaper_prune(const struct plan_interface *interface, bool force, bool *ret_left,
		 struct nl_error *error)
{
	struct nl_error unwanted, *to = error ? error : &unwanted;
	int ifindex = (int)if_nametoindex(interface->name);
	*to = (struct nl_error){0};
	*ret_left = false;
	if (!plan_has_classes(interface) || ifindex == 0)
		return 0;
	struct mnl_socket *socket = shaper_open();
	if (!socket)
		return fail(to, -errno, "opening a netlink socket");
	int result = shaper_htb_prune(socket, ifindex, interface, force, ret_left, to);
	mnl_socket_close(socket);
	return removed(result);
}

int shaper_remove(const struct plan_interface *interface, struct nl_error *error)
{
	struct nl_error unwanted, *to = error ? error : &unwanted;
	int ifindex = (int)if_nametoindex(interface->name), result = 0;
	*to = (struct nl_error){0};
	if (!plan_has_classes(interface))
		return 0;
	struct mnl_socket *socket = shaper_open();
	if (!socket)
		return fail(to, -errno, "opening a netlink socket");
	if (interface->way == PLAN_IFB)
		result = shaper_ifb_remove(socket, interface, to);
	else if (ifindex)
		result = shaper_htb_remove(socket, ifindex, to);
	mnl_socket_close(socket);
	return removed(result);
}

/* True where the plan has something of that kind on the interface: an ingress qdisc, an IFB device,
 * or else HTB on an interface that is not one of these. */
enum owned_kind { OWNED_ROOT, OWNED_INGRESS, OWNED_IFB };

static bool is_kept(const struct plan *keep, enum owned_kind kind, int ifindex)
{
	char name[IF_NAMESIZE];
	if (!if_indextoname((unsigned)ifindex, name))
		return false;
	for (size_t i = 0; keep && i < keep->n_interfaces; i++) {
		const struct plan_interface *interface = &keep->interfaces[i];
		bool is_ifb = interface->way == PLAN_IFB;
		const char *its = kind == OWNED_INGRESS ? interface->of : interface->name;
		if (plan_has_classes(interface) && is_ifb == (kind != OWNED_ROOT) &&
		    strcmp(its, name) == 0)
			return true;
	}
	return false;
}

/* The first error counts; the rest is removed all the same. */
struct clearing {
	struct mnl_socket *socket;
	const struct plan *keep;
	int result;
	struct nl_error *error;
};

static void note(struct clearing *clearing, int result, const struct nl_error *failure)
{
	if (!removed(result) || clearing->result)
		return;
	clearing->result = result;
	*clearing->error = *failure;
}

static bool is_in(int ifindex, const int *ifindexes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ifindexes[i] == ifindex)
			return true;
	return false;
}

/* The ingress qdiscs go before the devices to which they send. */
static void clear(struct clearing *clearing, const struct shaper_owned *owned, size_t n_owned,
		  const int *ifbs, size_t n_ifbs)
{
	struct nl_error failure = {0};
	for (size_t i = 0; i < n_owned; i++)
		if (owned[i].is_ingress &&
		    !is_kept(clearing->keep, OWNED_INGRESS, owned[i].ifindex))
			note(clearing,
			     shaper_ingress_remove(clearing->socket, owned[i].ifindex, &failure),
			     &failure);
	for (size_t i = 0; i < n_owned; i++)
		if (!owned[i].is_ingress && !is_in(owned[i].ifindex, ifbs, n_ifbs) &&
		    !is_kept(clearing->keep, OWNED_ROOT, owned[i].ifindex))
			note(clearing,
			     shaper_htb_remove(clearing->socket, owned[i].ifindex, &failure),
			     &failure);
	for (size_t i = 0; i < n_ifbs; i++)
		if (!is_kept(clearing->keep, OWNED_IFB, ifbs[i]))
			note(clearing, ifb_remove(clearing->socket, ifbs[i], &failure), &failure);
}

int shaper_remove_others(const struct plan *keep, struct nl_error *error)
{
	struct clearing clearing = {shaper_open(), keep, 0, error};
	struct shaper_owned *owned = NULL;
	int *ifbs = NULL, result;
	size_t n_owned = 0, n_ifbs = 0;
	*error = (struct nl_error){0};
	if (!clearing.socket)
		return fail(error, -errno, "opening a netlink socket");
	result = shaper_state_owned(clearing.socket, &owned, &n_owned, error);
	if (!result)
		result = ifb_list(clearing.socket, &ifbs, &n_ifbs, error);
	if (!result) {
		clear(&clearing, owned, n_owned, ifbs, n_ifbs);
		result = clearing.result;
	}
	mnl_socket_close(clearing.socket);
	free(owned);
	free(ifbs);
	return result;
}

static int read_classes(struct mnl_socket *socket, int ifindex, shaper_stats_fn *each, void *data)
{
	struct shaper_state state = {0};
	int result = shaper_state_read(socket, ifindex, &state, NULL);
	if (!result && !state.root.is_ours)
		result = -ENOENT;
	for (size_t i = 0; !result && i < state.n_classes; i++)
		if (state.classes[i].parent == nfshaper_classid(NFSHAPER_HTB_LINE))
			each(&state.classes[i].stats, data);
	shaper_state_fini(&state);
	return result;
}

/* 0, or -ENOENT where nothing of nfshaper feeds the IFB device. */
static int check_ingress(struct mnl_socket *socket, int ifindex)
{
	struct shaper_state state = {0};
	int result = shaper_state_read(socket, ifindex, &state, NULL);
	if (!result && !state.ingress.is_ours)
		result = -ENOENT;
	shaper_state_fini(&state);
	return result;
}

int shaper_read(const struct plan_interface *interface, shaper_stats_fn *each, void *data)
{
	bool is_ifb = interface->way == PLAN_IFB;
	int ifindex = (int)if_nametoindex(interface->name), result = 0;
	int of = is_ifb ? (int)if_nametoindex(interface->of) : ifindex;
	if (of == 0)
		return -ENODEV;
	if (ifindex == 0 || !plan_has_classes(interface))
		return -ENOENT;
	struct mnl_socket *socket = shaper_open();
	if (!socket)
		return -errno;
	if (is_ifb)
		result = check_ingress(socket, of);
	if (!result)
		result = read_classes(socket, ifindex, each, data);
	mnl_socket_close(socket);
	return result;
}
