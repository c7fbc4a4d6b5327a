/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_htb.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <nfshaper/mark.h>
#include <string.h>

#include "kernel/shaper_filter.h"
#include "kernel/shaper_leaf.h"
#include "kernel/shaper_message.h"
#include "kernel/shaper_state.h"

#define ROOT_HANDLE (NFSHAPER_HTB_MAJOR << 16)

/* One call of shaper_htb_apply(). */
struct work {
	const struct plan *plan;
	const struct plan_interface *interface;
	struct mnl_socket *socket;
	struct shaper_target to;
	struct nl_error *error;
	struct shaper_state state; /* as it was found, or empty for a root that was made anew */
	struct shaper_line line;
	const char *leaf_kind;
};

static int request(struct work *work, struct nlmsghdr *nlh, const char *what)
{
	int result = nl_request(work->socket, nlh, NULL, NULL, work->error);
	if (result)
		work->error->what = what;
	return result;
}

struct shaper_line shaper_htb_line(const struct plan_interface *interface)
{
	return (struct shaper_line){
		.overhead_bytes = (uint16_t)(interface->overhead < 0 ? 0 : interface->overhead),
		.link = interface->link,
	};
}

struct shaper_htb shaper_htb_root(const struct plan_interface *interface)
{
	return (struct shaper_htb){
		.default_minor = interface->way == PLAN_INSIDE ? 0 : interface->classes[0].minor,
		.less_bytes = interface->overhead < 0 ? -interface->overhead : 0,
	};
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
	struct shaper_htb htb = shaper_htb_root(work->interface);
	int result =
		request(work, shaper_message_root(work->to, &htb), "adding the root qdisc htb");
	if (result != -ENOENT)
		return result;
	snprintf(work->error->message, sizeof(work->error->message),
		 "this kernel has no htb (sch_htb)");
	return work->error->code = -EOPNOTSUPP;
}

static int refuse_foreign(struct work *work)
{
	const struct shaper_root *root = &work->state.root;
	*work->error = (struct nl_error){.code = -EEXIST, .what = "adding the root qdisc htb"};
	snprintf(work->error->message, sizeof(work->error->message), "%s %x:", root->kind,
		 root->handle >> 16);
	return -EEXIST;
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
	return shaper_leaf_try(work->socket, work->to, work->interface, &work->leaf_kind,
			       work->error);
}

static bool is_right(const struct work *work)
{
	struct shaper_htb wanted = shaper_htb_root(work->interface);
	return work->state.root.htb.default_minor == wanted.default_minor &&
	       work->state.root.htb.less_bytes == wanted.less_bytes;
}

/* HTB cannot be changed: another default means another qdisc. */
static int prepare_root(struct work *work)
{
	const struct shaper_root *root = &work->state.root;
	int result = 0;
	if (root->is_foreign && !work->interface->replace)
		return refuse_foreign(work);
	if (root->is_ours)
		result = choose_leaf(work);
	if (!result && (root->is_foreign || (root->is_ours && !is_right(work))))
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
		.rate_bps = work->interface->line_bps,
		.ceil_bps = work->interface->line_bps,
		.line = work->line,
	};
	return request(work, shaper_message_class(work->to, &line), "setting the line class 1:1");
}

static int place_leaf(struct work *work, const struct plan_class *class,
		      const struct shaper_leaf *leaf)
{
	bool is_kept = leaf && strcmp(leaf->kind, work->leaf_kind) == 0 &&
		       leaf->handle == (uint32_t) class->minor << 16;
	int result = 0;
	/* sfq cannot be changed, and its options do not depend on the plan; nor do cake's. */
	if (is_kept && strcmp(leaf->kind, "pfifo") != 0 && strcmp(leaf->kind, "fq_codel") != 0)
		return 0;
	if (leaf && !is_kept)
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
		.line = work->line,
		.with_estimator = !present || !present->has_estimator,
	};
	if (!result)
		result = request(work, shaper_message_class(work->to, &wanted), "setting a class");
	if (!result)
		result = place_leaf(work, class, leaf);
	return result;
}

static bool is_planned(const struct plan_interface *interface, uint16_t minor)
{
	for (size_t i = 0; i < interface->n_classes; i++)
		if (interface->classes[i].minor == minor)
			return true;
	return minor == NFSHAPER_HTB_LINE || minor == SHAPER_TRIAL;
}

static int remove_others(struct work *work, bool force, bool *ret_left)
{
	int result = 0;
	for (size_t i = 0; !result && i < work->state.n_classes; i++) {
		const struct shaper_stats *stats = &work->state.classes[i].stats;
		if (is_planned(work->interface, stats->minor))
			continue;
		if (!force && stats->backlog_packets)
			*ret_left = true;
		else
			result = request(work, shaper_message_remove_class(work->to, stats->minor),
					 "removing a class that is no longer wanted");
	}
	return result;
}

static int apply(struct work *work)
{
	int result = prepare_root(work);
	if (!result)
		result = place_line(work);
	for (size_t i = 0; !result && i < work->interface->n_classes; i++)
		result = place_class(work, &work->interface->classes[i]);
	if (!result && work->interface->way == PLAN_IFB)
		result = shaper_filter_apply(work->socket, work->to, work->plan, work->interface,
					     work->error);
	return result;
}

int shaper_htb_apply(struct mnl_socket *socket, int ifindex, const struct plan *plan,
		     const struct plan_interface *interface, struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct work work = {
		.plan = plan,
		.interface = interface,
		.socket = socket,
		.to = {buffer, ifindex},
		.error = error,
		.line = shaper_htb_line(interface),
	};
	int result = shaper_state_read(socket, ifindex, &work.state, error);
	if (result)
		return result;
	bool was_ours = work.state.root.is_ours;
	result = apply(&work);
	if (result && !was_ours && result != -EEXIST)
		nl_request(socket, shaper_message_remove_root(work.to, ROOT_HANDLE), NULL, NULL,
			   NULL);
	shaper_state_fini(&work.state);
	return result;
}

int shaper_htb_prune(struct mnl_socket *socket, int ifindex, const struct plan_interface *interface,
		     bool force, bool *ret_left, struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct work work = {
		.interface = interface,
		.socket = socket,
		.to = {buffer, ifindex},
		.error = error,
	};
	int result = shaper_state_read(socket, ifindex, &work.state, error);
	*ret_left = false;
	if (!result && work.state.root.is_ours)
		result = remove_others(&work, force, ret_left);
	shaper_state_fini(&work.state);
	return result;
}

int shaper_htb_remove(struct mnl_socket *socket, int ifindex, struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct work work = {.socket = socket, .to = {buffer, ifindex}, .error = error};
	int result = shaper_state_read(socket, ifindex, &work.state, error);
	if (!result && work.state.root.is_ours)
		result = remove_root(&work);
	shaper_state_fini(&work.state);
	return result;
}
