/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/shaper_record.h"
#include "util/alloc.h"

#define ROOT_HANDLE (NFSHAPER_HTB_MAJOR << 16)

/* All fw filters of one priority have the same mask (fw_change()): with another mask they are made
 * anew with the other priority, before the old ones go. */
#define PRIORITY_ONE 1
#define PRIORITY_OTHER 2

struct filter {
	uint16_t priority;
	bool is_fw;
	uint32_t mark; /* 0: the entry of the priority as a whole */
	uint32_t mask;
	uint32_t classid;
};

struct filters {
	struct filter *items;
	size_t count, capacity;
};

struct work {
	struct mnl_socket *socket;
	struct shaper_target to;
	const struct plan *plan;
	const struct plan_interface *interface;
	struct nl_error *error;
	struct filters present;
	uint16_t priority;
};

static int request(struct work *work, struct nlmsghdr *nlh, const char *what)
{
	int result = nl_request(work->socket, nlh, NULL, NULL, work->error);
	if (result)
		work->error->what = what;
	return result;
}

uint16_t shaper_filter_minor(const struct plan_interface *interface, const struct outcome *outcome)
{
	for (size_t i = 0; outcome_has_class(outcome) && i < interface->n_classes; i++)
		if (interface->classes[i].minor == outcome->minor)
			return outcome->minor;
	return 0;
}

static struct nlmsghdr *begin(struct shaper_target to, uint16_t type, uint16_t flags,
			      uint16_t priority, uint32_t mark)
{
	struct nlmsghdr *nlh = shaper_message_begin(to, type, flags, ROOT_HANDLE, mark);
	struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	tcm->tcm_info = (uint32_t)priority << 16 | htons(ETH_P_ALL);
	return nlh;
}

struct nlmsghdr *shaper_message_filter(struct shaper_target to, uint16_t priority, uint32_t mark,
				       uint32_t mask, uint16_t minor)
{
	struct nlmsghdr *nlh = begin(to, RTM_NEWTFILTER, NLM_F_CREATE, priority, mark);
	mnl_attr_put_strz(nlh, TCA_KIND, "fw");
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put_u32(nlh, TCA_FW_CLASSID, nfshaper_classid(minor));
	mnl_attr_put_u32(nlh, TCA_FW_MASK, mask);
	mnl_attr_nest_end(nlh, options);
	return nlh;
}

static int take(const struct nlmsghdr *nlh, void *data)
{
	struct filters *filters = data;
	struct shaper_record record;
	struct filter filter = {0};
	if (nlh->nlmsg_type != RTM_NEWTFILTER || !shaper_record_read(nlh, 0, &record))
		return MNL_CB_OK;
	filter.priority = (uint16_t)(record.tcm->tcm_info >> 16);
	filter.is_fw = strcmp(record.kind, "fw") == 0;
	filter.mark = record.tcm->tcm_handle;
	shaper_record_copy(shaper_record_find(record.options, TCA_FW_MASK), &filter.mask,
			   sizeof(filter.mask));
	shaper_record_copy(shaper_record_find(record.options, TCA_FW_CLASSID), &filter.classid,
			   sizeof(filter.classid));
	filters->items = array_grow(filters->items, filters->count, &filters->capacity,
				    sizeof(*filters->items));
	filters->items[filters->count++] = filter;
	return MNL_CB_OK;
}

static int read_present(struct work *work)
{
	struct nlmsghdr *nlh = begin(work->to, RTM_GETTFILTER, NLM_F_DUMP, 0, 0);
	int result = nl_request(work->socket, nlh, take, &work->present, work->error);
	if (result)
		work->error->what = "reading the filters";
	return result;
}

static bool is_empty(const struct filters *filters, uint16_t priority)
{
	for (size_t i = 0; i < filters->count; i++)
		if (filters->items[i].priority == priority)
			return false;
	return true;
}

/* True where all filters of the priority are fw with this mask. */
static bool will_do(const struct filters *filters, uint16_t priority, uint32_t mask)
{
	for (size_t i = 0; i < filters->count; i++) {
		const struct filter *filter = &filters->items[i];
		if (filter->priority == priority &&
		    (!filter->is_fw || (filter->mark && filter->mask != mask)))
			return false;
	}
	return true;
}

static int remove_priority(struct work *work, uint16_t priority)
{
	if (is_empty(&work->present, priority))
		return 0;
	return request(work, begin(work->to, RTM_DELTFILTER, 0, priority, 0),
		       "removing old filters");
}

/* The priority that has our mask already, else one that is free. */
static int choose_priority(struct work *work)
{
	uint32_t mask = work->plan->mark_mask;
	bool one = will_do(&work->present, PRIORITY_ONE, mask);
	bool other = will_do(&work->present, PRIORITY_OTHER, mask);
	bool other_is_used = other && !is_empty(&work->present, PRIORITY_OTHER);
	work->priority = one && !(other_is_used && is_empty(&work->present, PRIORITY_ONE))
				 ? PRIORITY_ONE
				 : PRIORITY_OTHER;
	if (one || other)
		return 0;
	int result = remove_priority(work, PRIORITY_OTHER);
	work->present.count = 0;
	return result ? result : read_present(work);
}

static const struct filter *find(const struct work *work, uint32_t mark)
{
	for (size_t i = 0; i < work->present.count; i++)
		if (work->present.items[i].priority == work->priority &&
		    work->present.items[i].mark == mark)
			return &work->present.items[i];
	return NULL;
}

static int place(struct work *work, const struct outcome *outcome)
{
	uint32_t mask = work->plan->mark_mask, mark = nfshaper_mark(mask, outcome->id);
	uint16_t minor = shaper_filter_minor(work->interface, outcome);
	const struct filter *filter = find(work, mark);
	if (!minor ||
	    (filter && filter->mask == mask && filter->classid == nfshaper_classid(minor)))
		return 0;
	int result =
		request(work, shaper_message_filter(work->to, work->priority, mark, mask, minor),
			"setting a filter");
	if (result != -ENOENT)
		return result;
	/* The parent is there, so it is the kind that is not. */
	snprintf(work->error->message, sizeof(work->error->message),
		 "this kernel has no filter fw (modprobe cls_fw, or a kernel with "
		 "CONFIG_NET_CLS_FW)");
	return work->error->code = -EOPNOTSUPP;
}

static bool is_planned(const struct work *work, uint32_t mark)
{
	uint32_t mask = work->plan->mark_mask;
	const struct outcome *outcome =
		(mark & ~mask) ? NULL
			       : ids_by_id(&work->plan->ids, mark >> nfshaper_mask_shift(mask));
	/* What is kept leads to the class that it had before, which stays as long. */
	return outcome &&
	       (plan_is_kept(work->plan, outcome) || shaper_filter_minor(work->interface, outcome));
}

static int remove_unplanned(struct work *work)
{
	int result = 0;
	for (size_t i = 0; !result && i < work->present.count; i++) {
		const struct filter *filter = &work->present.items[i];
		if (filter->priority == work->priority && filter->mark &&
		    !is_planned(work, filter->mark))
			result = request(
				work,
				begin(work->to, RTM_DELTFILTER, 0, filter->priority, filter->mark),
				"removing an old filter");
	}
	return result;
}

int shaper_filter_apply(struct mnl_socket *socket, struct shaper_target to, const struct plan *plan,
			const struct plan_interface *interface, struct nl_error *error)
{
	struct work work = {socket, to, plan, interface, error, {0}, 0};
	int result = read_present(&work);
	if (!result)
		result = choose_priority(&work);
	for (size_t i = 0; !result && i < plan->ids.count; i++)
		result = place(&work, &plan->ids.items[i]);
	if (!result)
		result = remove_unplanned(&work);
	if (!result)
		result = remove_priority(&work, work.priority == PRIORITY_ONE ? PRIORITY_OTHER
									      : PRIORITY_ONE);
	free(work.present.items);
	return result;
}
