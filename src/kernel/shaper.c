/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bringing an interface to what its plan says.
 *
 * shaper_apply() reads what is there (shaper_state), makes the root qdisc if it is not ours yet,
 * finds out which leaf discipline the kernel has (shaper_leaf), then creates or changes the line,
 * the classes and their leaves, and last removes the classes that the plan does not have, so that
 * at no time a packet finds no class. Every step is one message (shaper_message): rtnetlink has
 * no transactions.
 */
#include "kernel/shaper.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/shaper_leaf.h"
#include "kernel/shaper_message.h"
#include "kernel/shaper_state.h"
#include "util/alloc.h"

#define ROOT_HANDLE (NFSHAPER_HTB_MAJOR << 16)

/* One call of shaper_apply(). */
struct work {
	const struct plan_interface *plan;
	struct mnl_socket *socket;
	struct shaper_target to;
	struct nl_error *error;
	struct shaper_state state; /* as it was found, or empty for a root that was made anew */
	const char *leaf_kind;
};

static int request(struct work *work, struct nlmsghdr *nlh, const char *what)
{
	int result = nl_request(work->socket, nlh, NULL, NULL, work->error);
	if (result)
		work->error->what = what;
	return result;
}

static int fail(struct nl_error *error, int code, const char *what)
{
	*error = (struct nl_error){.code = code, .what = what};
	return code;
}

static uint16_t default_minor(const struct plan_interface *plan)
{
	return plan->classes[0].minor;
}

static int remove_root(struct work *work)
{
	uint32_t handle = work->state.root.handle;
	shaper_state_fini(&work->state);
	return request(work, shaper_message_remove_root(work->to, handle),
		       "removing the qdisc that was there");
}

static int make_root(struct work *work)
{
	int result = request(work, shaper_message_root(work->to, default_minor(work->plan)),
			     "adding the root qdisc htb");
	if (result != -ENOENT)
		return result;
	snprintf(work->error->message, sizeof(work->error->message),
		 "this kernel has no htb (sch_htb)");
	return work->error->code = -EOPNOTSUPP;
}

static int refuse_foreign(struct work *work)
{
	const struct shaper_root *root = &work->state.root;
	int code = fail(work->error, -EEXIST, "adding the root qdisc htb");
	snprintf(work->error->message, sizeof(work->error->message), "%s %x:", root->kind,
		 root->handle >> 16);
	return code;
}

static int choose_leaf(struct work *work)
{
	/* Left by a run that was killed at this very point. */
	if (shaper_state_class(&work->state, SHAPER_TRIAL)) {
		int result = request(work, shaper_message_remove_class(work->to, SHAPER_TRIAL),
				     "trying leaf disciplines");
		if (result)
			return result;
	}
	return shaper_leaf_try(work->socket, work->to, work->plan->leaf, &work->leaf_kind,
			       work->error);
}

/* Without options, HTB cannot be changed: another default means another qdisc. */
static int prepare_root(struct work *work)
{
	const struct shaper_root *root = &work->state.root;
	int result = 0;
	if (root->is_foreign && !work->plan->replace)
		return refuse_foreign(work);
	if (root->is_ours)
		result = choose_leaf(work);
	if (!result && (root->is_foreign ||
			(root->is_ours && root->default_minor != default_minor(work->plan))))
		result = remove_root(work);
	/* What was removed is not in the state any more either. */
	if (!result && !root->is_ours)
		result = make_root(work);
	if (!result && !work->leaf_kind)
		result = choose_leaf(work);
	return result;
}

static int place_line(struct work *work)
{
	const struct shaper_class line = {
		.minor = NFSHAPER_HTB_LINE,
		.rate_bps = work->plan->line_bps,
		.ceil_bps = work->plan->line_bps,
	};
	return request(work, shaper_message_class(work->to, &line), "setting the line class 1:1");
}

static int place_leaf(struct work *work, const struct plan_class *class,
		      const struct shaper_leaf *leaf)
{
	bool is_right = leaf && strcmp(leaf->kind, work->leaf_kind) == 0 &&
			leaf->handle == (uint32_t) class->minor << 16;
	int result = 0;
	/* sfq cannot be changed, and its options do not depend on the plan; nor do cake's. */
	if (is_right && strcmp(leaf->kind, "pfifo") != 0 && strcmp(leaf->kind, "fq_codel") != 0)
		return 0;
	if (leaf && !is_right)
		result = request(work, shaper_message_remove_leaf(work->to, class->minor),
				 "removing a leaf discipline");
	if (result)
		return result;
	return request(
		work, shaper_message_leaf(work->to, class->minor, work->leaf_kind, class->ceil_bps),
		"setting a leaf discipline");
}

static int place_class(struct work *work, const struct plan_class *class)
{
	const struct shaper_present *present = shaper_state_class(&work->state, class->minor);
	const struct shaper_leaf *leaf = shaper_state_leaf(&work->state, class->minor);
	int result = 0;
	if (present && present->parent != nfshaper_classid(NFSHAPER_HTB_LINE)) {
		result = request(work, shaper_message_remove_class(work->to, class->minor),
				 "removing a misplaced class");
		present = NULL;
		leaf = NULL;
	}
	/* A new estimator starts from 0. */
	const struct shaper_class wanted = {
		.minor = class->minor,
		.parent = NFSHAPER_HTB_LINE,
		.priority = class->priority,
		.rate_bps = class->rate_bps,
		.ceil_bps = class->ceil_bps,
		.with_estimator = !present || !present->has_estimator,
	};
	if (!result)
		result = request(work, shaper_message_class(work->to, &wanted), "setting a class");
	if (!result)
		result = place_leaf(work, class, leaf);
	return result;
}

static bool is_planned(const struct plan_interface *plan, uint16_t minor)
{
	for (size_t i = 0; i < plan->n_classes; i++)
		if (plan->classes[i].minor == minor)
			return true;
	return minor == NFSHAPER_HTB_LINE || minor == SHAPER_TRIAL;
}

static int remove_others(struct work *work)
{
	int result = 0;
	for (size_t i = 0; !result && i < work->state.n_classes; i++) {
		uint16_t minor = work->state.classes[i].stats.minor;
		if (!is_planned(work->plan, minor))
			result = request(work, shaper_message_remove_class(work->to, minor),
					 "removing a class that is no longer wanted");
	}
	return result;
}

static int apply(struct work *work)
{
	int result = prepare_root(work);
	if (!result)
		result = place_line(work);
	for (size_t i = 0; !result && i < work->plan->n_classes; i++)
		result = place_class(work, &work->plan->classes[i]);
	if (!result)
		result = remove_others(work);
	return result;
}

int shaper_apply(const struct plan *plan, const struct plan_interface *interface,
		 struct nl_error *error)
{
	(void)plan;
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct nl_error unwanted;
	struct work work = {.plan = interface, .error = error ? error : &unwanted};
	int result;
	*work.error = (struct nl_error){0};
	work.to = (struct shaper_target){buffer, (int)if_nametoindex(interface->name)};
	if (work.to.ifindex == 0)
		return fail(work.error, -ENODEV, "looking for the interface");
	work.socket = nl_open(NETLINK_ROUTE);
	if (!work.socket)
		return fail(work.error, -errno, "opening a netlink socket");
	result = shaper_state_read(work.socket, work.to.ifindex, &work.state, work.error);
	if (!result) {
		bool was_ours = work.state.root.is_ours;
		result = apply(&work);
		if (result && !was_ours && result != -EEXIST)
			nl_request(work.socket, shaper_message_remove_root(work.to, ROOT_HANDLE),
				   NULL, NULL, NULL);
		shaper_state_fini(&work.state);
	}
	mnl_socket_close(work.socket);
	return result;
}

static int remove_from(const char *interface, struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct nl_error unwanted;
	struct work work = {.error = error ? error : &unwanted};
	int result;
	*work.error = (struct nl_error){0};
	work.to = (struct shaper_target){buffer, (int)if_nametoindex(interface)};
	if (work.to.ifindex == 0)
		return 0;
	work.socket = nl_open(NETLINK_ROUTE);
	if (!work.socket)
		return fail(work.error, -errno, "opening a netlink socket");
	result = shaper_state_read(work.socket, work.to.ifindex, &work.state, work.error);
	if (!result && work.state.root.is_ours)
		result = remove_root(&work);
	shaper_state_fini(&work.state);
	mnl_socket_close(work.socket);
	/* Gone between two steps, by itself or by another's hand. */
	return result == -ENODEV || result == -ENOENT ? 0 : result;
}

int shaper_remove(const struct plan_interface *interface, struct nl_error *error)
{
	return remove_from(interface->name, error);
}

static bool has_interface(const struct plan *plan, const char *name)
{
	for (size_t i = 0; plan && i < plan->n_interfaces; i++)
		if (strcmp(plan->interfaces[i].name, name) == 0)
			return true;
	return false;
}

int shaper_remove_others(const struct plan *keep, struct nl_error *error)
{
	struct mnl_socket *socket = nl_open(NETLINK_ROUTE);
	char name[IF_NAMESIZE];
	int *ifindexes = NULL, result;
	size_t count = 0;
	if (!socket)
		return fail(error, -errno, "opening a netlink socket");
	result = shaper_state_owned(socket, &ifindexes, &count, error);
	mnl_socket_close(socket);
	for (size_t i = 0; i < count; i++) {
		struct nl_error failure = {0};
		if (!if_indextoname((unsigned)ifindexes[i], name) || has_interface(keep, name))
			continue;
		if (remove_from(name, &failure) && !result) {
			result = failure.code;
			*error = failure;
		}
	}
	free(ifindexes);
	return result;
}

int shaper_read(const struct plan_interface *interface, shaper_stats_fn *each, void *data)
{
	int ifindex = (int)if_nametoindex(interface->name), result;
	struct shaper_state state = {0};
	struct mnl_socket *socket;
	if (ifindex == 0)
		return -ENODEV;
	socket = nl_open(NETLINK_ROUTE);
	if (!socket)
		return -errno;
	result = shaper_state_read(socket, ifindex, &state, NULL);
	mnl_socket_close(socket);
	if (!result && !state.root.is_ours)
		result = -ENOENT;
	for (size_t i = 0; !result && i < state.n_classes; i++)
		if (state.classes[i].parent == nfshaper_classid(NFSHAPER_HTB_LINE))
			each(&state.classes[i].stats, data);
	shaper_state_fini(&state);
	return result;
}

bool shaper_can_ifb(char **ret_why)
{
	*ret_why = xstrdup("not built yet");
	return false;
}
