/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_ingress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "kernel/shaper_record.h"

/* A matchall filter cannot be changed (mall_change()): one with the other priority takes its place
 * before it goes. */
#define PRIORITY_ONE 1
#define PRIORITY_OTHER 2

struct work {
	struct mnl_socket *socket;
	struct shaper_target of;
	struct nl_error *error;
	uint32_t block;
	uint32_t mask;
	int ifb;
	bool is_used[PRIORITY_OTHER + 1]; /* some filter has this priority */
	uint16_t right;                   /* the priority of the filter that is right, or 0 */
};

static int request(struct work *work, struct nlmsghdr *nlh, const char *what)
{
	int result = nl_request(work->socket, nlh, NULL, NULL, work->error);
	if (result)
		work->error->what = what;
	return result;
}

static int take(const struct nlmsghdr *nlh, void *data)
{
	struct work *work = data;
	struct shaper_record record;
	struct shaper_redirect redirect;
	if (nlh->nlmsg_type != RTM_NEWTFILTER || !shaper_record_read(nlh, 0, &record))
		return MNL_CB_OK;
	uint16_t priority = (uint16_t)(record.tcm->tcm_info >> 16);
	if (priority > PRIORITY_OTHER)
		return MNL_CB_OK;
	work->is_used[priority] = true;
	if (shaper_redirect_read(nlh, &redirect) && redirect.restore &&
	    redirect.ifindex == work->ifb &&
	    (strcmp(redirect.restore, "connmark") == 0 || redirect.mask == work->mask))
		work->right = priority;
	return MNL_CB_OK;
}

static struct nlmsghdr *block_message(struct work *work, uint16_t type, uint16_t flags,
				      uint16_t priority)
{
	struct shaper_target to = {work->of.buffer, (int)TCM_IFINDEX_MAGIC_BLOCK};
	struct nlmsghdr *nlh = shaper_message_begin(to, type, flags, work->block, 0);
	struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	if (priority)
		tcm->tcm_info = (uint32_t)priority << 16 | htons(ETH_P_ALL);
	return nlh;
}

static int read_filters(struct work *work)
{
	struct nlmsghdr *nlh = block_message(work, RTM_GETTFILTER, NLM_F_DUMP, 0);
	int result = nl_request(work->socket, nlh, take, work, work->error);
	if (result)
		work->error->what = "reading the filters of the ingress qdisc";
	return result;
}

static int remove_filter(struct work *work, uint16_t priority)
{
	if (!work->is_used[priority] || priority == work->right)
		return 0;
	return request(work, block_message(work, RTM_DELTFILTER, 0, priority),
		       "removing an old filter of the ingress qdisc");
}

static int add_filter(struct work *work)
{
	uint16_t priority = work->is_used[PRIORITY_ONE] ? PRIORITY_OTHER : PRIORITY_ONE;
	int result = remove_filter(work, priority);
	if (result)
		return result;
	/* The block is there: ENOENT can only mean the classifier or an action. */
	result = -ENOENT;
	for (size_t i = 0; result == -ENOENT && shaper_redirects[i].classifier; i++) {
		struct shaper_redirect redirect = shaper_redirects[i];
		redirect.mask = work->mask;
		redirect.ifindex = work->ifb;
		result = request(
			work, shaper_message_redirect(work->of, work->block, priority, &redirect),
			"adding the filter of the ingress qdisc");
	}
	if (!result) {
		work->is_used[priority] = true;
		work->right = priority;
	}
	if (result != -ENOENT)
		return result;
	snprintf(work->error->message, sizeof(work->error->message),
		 "this kernel lacks a filter (matchall, u32), an action that reads a connection's "
		 "mark (ctinfo, connmark), or mirred");
	return work->error->code = -EOPNOTSUPP;
}

static int place_filter(struct work *work)
{
	int result = read_filters(work);
	if (!result && !work->right)
		result = add_filter(work);
	if (!result)
		result = remove_filter(work, PRIORITY_ONE);
	if (!result)
		result = remove_filter(work, PRIORITY_OTHER);
	return result;
}

int shaper_ingress_check(const struct shaper_ingress *present, bool replace, struct nl_error *error)
{
	if (!present->is_foreign || replace)
		return 0;
	*error = (struct nl_error){.code = -EEXIST, .what = "adding the ingress qdisc"};
	snprintf(error->message, sizeof(error->message), "%s %x:", present->kind,
		 present->handle >> 16);
	return -EEXIST;
}

static int prepare_qdisc(struct work *work, const char *of_name,
			 const struct shaper_ingress *present)
{
	int result = 0;
	if (present->is_ours) {
		work->block = present->block;
		return 0;
	}
	if (present->is_foreign)
		result = request(work, shaper_message_remove_ingress(work->of),
				 "removing the ingress qdisc that was there");
	if (result)
		return result;
	work->block = shaper_ingress_block(of_name);
	result = request(work, shaper_message_ingress(work->of, work->block),
			 "adding the ingress qdisc");
	if (result != -ENOENT)
		return result;
	snprintf(work->error->message, sizeof(work->error->message),
		 "this kernel has no ingress qdisc (modprobe sch_ingress, or a kernel with "
		 "CONFIG_NET_SCH_INGRESS)");
	return work->error->code = -EOPNOTSUPP;
}

int shaper_ingress_apply(struct mnl_socket *socket, struct shaper_target of, const char *of_name,
			 const struct shaper_ingress *present, int ifb, uint32_t mask,
			 struct nl_error *error)
{
	struct work work = {.socket = socket, .of = of, .error = error, .mask = mask, .ifb = ifb};
	int result = prepare_qdisc(&work, of_name, present);
	if (result)
		return result;
	result = place_filter(&work);
	if (result && !present->is_ours)
		nl_request(socket, shaper_message_remove_ingress(of), NULL, NULL, NULL);
	return result;
}

int shaper_ingress_remove(struct mnl_socket *socket, int ifindex, struct nl_error *error)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8)));
	struct shaper_target of = {buffer, ifindex};
	struct shaper_state state = {0};
	int result = shaper_state_read(socket, ifindex, &state, error);
	if (!result && state.ingress.is_ours) {
		result = nl_request(socket, shaper_message_remove_ingress(of), NULL, NULL, error);
		if (result)
			error->what = "removing the ingress qdisc";
	}
	shaper_state_fini(&state);
	return result;
}
