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

void shaper_state_take_root(const struct shaper_record *record, struct shaper_root *root)
{
	const struct nlattr *init = NULL;
	struct tc_htb_glob htb = {0};
	struct tc_sizespec size = {0};
	/* Major 0: the kernel's own choice (net/sched/sch_generic.c, attach_default_qdiscs). */
	if (TC_H_MAJ(record->tcm->tcm_handle) == 0)
		return;
	if (strcmp(record->kind, "htb") == 0)
		init = shaper_record_find(record->options, TCA_HTB_INIT);
	shaper_record_copy(init, &htb, sizeof(htb));
	shaper_record_copy(shaper_record_find(record->size_table, TCA_STAB_BASE), &size,
			   sizeof(size));
	memcpy(root->kind, record->kind, sizeof(root->kind));
	root->handle = record->tcm->tcm_handle;
	root->is_ours = root->handle == ROOT_HANDLE && htb.rate2quantum == SHAPER_R2Q;
	root->is_foreign = !root->is_ours;
	root->htb.default_minor = (uint16_t)htb.defcls;
	root->htb.less_bytes = -size.overhead;
}

/* An ingress qdisc and clsact have the same place and handle. */
void shaper_state_take_ingress(const struct shaper_record *record, struct shaper_ingress *ingress)
{
	memcpy(ingress->kind, record->kind, sizeof(ingress->kind));
	ingress->handle = record->tcm->tcm_handle;
	ingress->block = record->ingress_block;
	ingress->is_ours = strcmp(record->kind, "ingress") == 0 &&
			   (record->ingress_block & ~SHAPER_BLOCK_BITS) == SHAPER_BLOCK;
	ingress->is_foreign = !ingress->is_ours;
}

static void take_leaf(struct shaper_state *state, const struct shaper_record *record)
{
	const struct nlattr *queue = shaper_record_find(record->stats, TCA_STATS_QUEUE);
	struct gnet_stats_queue stats = {0};
	struct shaper_leaf *leaf;
	if (queue)
		shaper_record_copy(queue, &stats, sizeof(stats));
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
	struct shaper_record record;
	if (nlh->nlmsg_type != RTM_NEWQDISC || !shaper_record_read(nlh, reading->ifindex, &record))
		return MNL_CB_OK;
	if (record.tcm->tcm_parent == TC_H_ROOT)
		shaper_state_take_root(&record, &reading->state->root);
	else if (record.tcm->tcm_parent == TC_H_INGRESS)
		shaper_state_take_ingress(&record, &reading->state->ingress);
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
			shaper_record_copy(attr, &basic, sizeof(basic));
			break;
		case TCA_STATS_PKT64: /* where 32 bits are not enough */
			shaper_record_copy(attr, &packets, sizeof(packets));
			break;
		case TCA_STATS_QUEUE:
			shaper_record_copy(attr, &queue, sizeof(queue));
			break;
		case TCA_STATS_RATE_EST:
			class->has_estimator = true;
			shaper_record_copy(attr, &rate, sizeof(rate));
			break;
		case TCA_STATS_RATE_EST64: /* where 32 bits are not enough */
			shaper_record_copy(attr, &wide_rate, sizeof(wide_rate));
			break;
		}
	}
	class->stats.bytes = basic.bytes;
	class->stats.packets = packets ? packets : basic.packets;
	class->stats.drops = queue.drops;
	class->stats.backlog_bytes = queue.backlog;
	class->stats.backlog_packets = queue.qlen;
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
			shaper_record_copy(attr, &parameters, sizeof(parameters));
			break;
		case TCA_HTB_RATE64:
			shaper_record_copy(attr, &rate, sizeof(rate));
			break;
		case TCA_HTB_CEIL64:
			shaper_record_copy(attr, &ceil, sizeof(ceil));
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
	struct shaper_record record;
	if (nlh->nlmsg_type != RTM_NEWTCLASS || !shaper_record_read(nlh, reading->ifindex, &record))
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

struct listing {
	struct shaper_owned *items;
	size_t count, capacity;
};

static int take_owned(const struct nlmsghdr *nlh, void *data)
{
	struct listing *listing = data;
	struct shaper_root root = {0};
	struct shaper_ingress ingress = {0};
	struct shaper_record record;
	if (nlh->nlmsg_type != RTM_NEWQDISC || !shaper_record_read(nlh, 0, &record))
		return MNL_CB_OK;
	if (record.tcm->tcm_parent == TC_H_ROOT)
		shaper_state_take_root(&record, &root);
	else if (record.tcm->tcm_parent == TC_H_INGRESS)
		shaper_state_take_ingress(&record, &ingress);
	if (!root.is_ours && !ingress.is_ours)
		return MNL_CB_OK;
	listing->items = array_grow(listing->items, listing->count, &listing->capacity,
				    sizeof(*listing->items));
	listing->items[listing->count++] =
		(struct shaper_owned){record.tcm->tcm_ifindex, ingress.is_ours};
	return MNL_CB_OK;
}

int shaper_state_owned(struct mnl_socket *socket, struct shaper_owned **ret_items,
		       size_t *ret_count, struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct listing listing = {0};
	int result =
		nl_request(socket, shaper_message_list_qdiscs((struct shaper_target){buffer, 0}),
			   take_owned, &listing, error);
	if (result) {
		free(listing.items);
		return result;
	}
	*ret_items = listing.items;
	*ret_count = listing.count;
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
