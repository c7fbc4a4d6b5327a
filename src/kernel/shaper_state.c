/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_state.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/shaper_message.h"
#include "util/alloc.h"

#define ROOT_HANDLE (NFSHAPER_HTB_MAJOR << 16)

struct reading {
	int ifindex;
	struct shaper_state *state;
};

/* One message about a qdisc or a class, taken apart. */
struct record {
	const struct tcmsg *tcm;
	char kind[SHAPER_KIND_SIZE];
	const struct nlattr *options;
	const struct nlattr *stats;
};

/* Attributes are aligned to 4 bytes, our structs to 8; a shorter one of an older kernel is
 * completed with zeros. */
static void copy_payload(const struct nlattr *attr, void *to, size_t size)
{
	size_t length = mnl_attr_get_payload_len(attr);
	memset(to, 0, size);
	memcpy(to, mnl_attr_get_payload(attr), length < size ? length : size);
}

/* False for what is no such message, or of another interface than `ifindex` (0: of any). */
static bool take_apart(const struct nlmsghdr *nlh, int ifindex, struct record *ret_record)
{
	struct record record = {.tcm = mnl_nlmsg_get_payload(nlh)};
	const struct nlattr *attr;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*record.tcm) ||
	    (ifindex && record.tcm->tcm_ifindex != ifindex))
		return false;
	mnl_attr_for_each (attr, nlh, sizeof(*record.tcm)) {
		if (mnl_attr_get_type(attr) == TCA_KIND)
			copy_payload(attr, record.kind, sizeof(record.kind) - 1);
		else if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			record.options = attr;
		else if (mnl_attr_get_type(attr) == TCA_STATS2)
			record.stats = attr;
	}
	*ret_record = record;
	return true;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;
	if (!nest)
		return NULL;
	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static void take_root(struct shaper_root *root, const struct record *record)
{
	const struct nlattr *init = NULL;
	struct tc_htb_glob htb = {0};
	/* Major 0: the kernel's own choice (net/sched/sch_generic.c, attach_default_qdiscs). */
	if (TC_H_MAJ(record->tcm->tcm_handle) == 0)
		return;
	if (strcmp(record->kind, "htb") == 0)
		init = find(record->options, TCA_HTB_INIT);
	if (init)
		copy_payload(init, &htb, sizeof(htb));
	memcpy(root->kind, record->kind, sizeof(root->kind));
	root->handle = record->tcm->tcm_handle;
	root->is_ours = root->handle == ROOT_HANDLE && htb.rate2quantum == SHAPER_R2Q;
	root->is_foreign = !root->is_ours;
	root->default_minor = htb.defcls;
}

static void take_leaf(struct shaper_state *state, const struct record *record)
{
	const struct nlattr *queue = find(record->stats, TCA_STATS_QUEUE);
	struct gnet_stats_queue stats = {0};
	struct shaper_leaf *leaf;
	if (queue)
		copy_payload(queue, &stats, sizeof(stats));
	state->leaves = array_grow(state->leaves, state->n_leaves, &state->leaves_capacity,
				   sizeof(*state->leaves));
	leaf = &state->leaves[state->n_leaves++];
	*leaf = (struct shaper_leaf){
		.parent = record->tcm->tcm_parent,
		.handle = record->tcm->tcm_handle,
		.drops = stats.drops,
	};
	memcpy(leaf->kind, record->kind, sizeof(leaf->kind));
}

static int take_qdisc(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct record record;
	if (nlh->nlmsg_type != RTM_NEWQDISC || !take_apart(nlh, reading->ifindex, &record))
		return MNL_CB_OK;
	if (record.tcm->tcm_parent == TC_H_ROOT)
		take_root(&reading->state->root, &record);
	else if (TC_H_MAJ(record.tcm->tcm_parent) == ROOT_HANDLE)
		take_leaf(reading->state, &record);
	return MNL_CB_OK;
}

static void take_stats(const struct nlattr *nest, struct shaper_present *class)
{
	struct gnet_stats_basic basic = {0};
	struct gnet_stats_queue queue = {0};
	struct gnet_stats_rate_est rate = {0};
	const struct nlattr *attr;
	uint64_t packets = 0, wide_rate = 0;
	mnl_attr_for_each_nested (attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case TCA_STATS_BASIC:
			copy_payload(attr, &basic, sizeof(basic));
			break;
		case TCA_STATS_PKT64: /* where 32 bits are not enough */
			copy_payload(attr, &packets, sizeof(packets));
			break;
		case TCA_STATS_QUEUE:
			copy_payload(attr, &queue, sizeof(queue));
			break;
		case TCA_STATS_RATE_EST:
			class->has_estimator = true;
			copy_payload(attr, &rate, sizeof(rate));
			break;
		case TCA_STATS_RATE_EST64: /* where 32 bits are not enough */
			copy_payload(attr, &wide_rate, sizeof(wide_rate));
			break;
		}
	}
	class->stats.bytes = basic.bytes;
	class->stats.packets = packets ? packets : basic.packets;
	class->stats.drops = queue.drops;
	class->stats.backlog_bytes = queue.backlog;
	class->stats.now_bps = 8 * (wide_rate ? wide_rate : rate.bps);
}

static void take_rates(const struct nlattr *options, struct shaper_stats *stats)
{
	struct tc_htb_opt parameters = {0};
	uint64_t rate = 0, ceil = 0;
	const struct nlattr *attr;
	mnl_attr_for_each_nested (attr, options) {
		switch (mnl_attr_get_type(attr)) {
		case TCA_HTB_PARMS:
			copy_payload(attr, &parameters, sizeof(parameters));
			break;
		case TCA_HTB_RATE64:
			copy_payload(attr, &rate, sizeof(rate));
			break;
		case TCA_HTB_CEIL64:
			copy_payload(attr, &ceil, sizeof(ceil));
			break;
		}
	}
	stats->rate_bps = 8 * (rate ? rate : parameters.rate.rate);
	stats->ceil_bps = 8 * (ceil ? ceil : parameters.ceil.rate);
}

static int take_class(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct shaper_state *state = reading->state;
	struct record record;
	if (nlh->nlmsg_type != RTM_NEWTCLASS || !take_apart(nlh, reading->ifindex, &record))
		return MNL_CB_OK;
	if (TC_H_MAJ(record.tcm->tcm_handle) != ROOT_HANDLE || !record.options || !record.stats)
		return MNL_CB_OK;
	struct shaper_present class = {.parent = record.tcm->tcm_parent};
	class.stats.minor = (uint16_t)TC_H_MIN(record.tcm->tcm_handle);
	take_rates(record.options, &class.stats);
	take_stats(record.stats, &class);
	const struct shaper_leaf *leaf = shaper_state_leaf(state, class.stats.minor);
	/* HTB counts what its leaf refuses, not what the leaf throws away later, as codel does. */
	if (leaf && leaf->drops > class.stats.drops)
		class.stats.drops = leaf->drops;
	state->classes = array_grow(state->classes, state->n_classes, &state->classes_capacity,
				    sizeof(*state->classes));
	state->classes[state->n_classes++] = class;
	return MNL_CB_OK;
}

int shaper_state_read(struct mnl_socket *socket, int ifindex, struct shaper_state *ret_state,
		      struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct shaper_target to = {buffer, ifindex};
	struct shaper_state state = {0};
	struct reading reading = {ifindex, &state};
	int result =
		nl_request(socket, shaper_message_list_qdiscs(to), take_qdisc, &reading, error);
	if (!result && state.root.is_ours)
		result = nl_request(socket, shaper_message_list_classes(to), take_class, &reading,
				    error);
	if (result) {
		if (error)
			error->what = "reading the qdiscs";
		shaper_state_fini(&state);
		return result;
	}
	*ret_state = state;
	return 0;
}

struct owned {
	int *ifindexes;
	size_t count, capacity;
};

static int take_owned(const struct nlmsghdr *nlh, void *data)
{
	struct owned *owned = data;
	struct shaper_root root = {0};
	struct record record;
	if (nlh->nlmsg_type != RTM_NEWQDISC || !take_apart(nlh, 0, &record) ||
	    record.tcm->tcm_parent != TC_H_ROOT)
		return MNL_CB_OK;
	take_root(&root, &record);
	if (!root.is_ours)
		return MNL_CB_OK;
	owned->ifindexes = array_grow(owned->ifindexes, owned->count, &owned->capacity,
				      sizeof(*owned->ifindexes));
	owned->ifindexes[owned->count++] = record.tcm->tcm_ifindex;
	return MNL_CB_OK;
}

int shaper_state_owned(struct mnl_socket *socket, int **ret_ifindexes, size_t *ret_count,
		       struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct owned owned = {0};
	int result =
		nl_request(socket, shaper_message_list_qdiscs((struct shaper_target){buffer, 0}),
			   take_owned, &owned, error);
	if (result) {
		free(owned.ifindexes);
		return result;
	}
	*ret_ifindexes = owned.ifindexes;
	*ret_count = owned.count;
	return 0;
}

void shaper_state_fini(struct shaper_state *state)
{
	free(state->leaves);
	free(state->classes);
	*state = (struct shaper_state){0};
}

const struct shaper_leaf *shaper_state_leaf(const struct shaper_state *state, uint16_t minor)
{
	for (size_t i = 0; i < state->n_leaves; i++)
		if (state->leaves[i].parent == nfshaper_classid(minor))
			return &state->leaves[i];
	return NULL;
}

const struct shaper_present *shaper_state_class(const struct shaper_state *state, uint16_t minor)
{
	for (size_t i = 0; i < state->n_classes; i++)
		if (state->classes[i].stats.minor == minor)
			return &state->classes[i];
	return NULL;
}
