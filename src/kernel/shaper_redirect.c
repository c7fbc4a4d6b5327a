/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages of the ingress qdisc and its filter, and how they are read back. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_connmark.h>
#include <linux/tc_act/tc_ctinfo.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>

#include "kernel/shaper_ingress.h"
#include "kernel/shaper_record.h"

#define INGRESS_HANDLE 0xffff0000u

const struct shaper_redirect shaper_redirects[] = {
	{.classifier = "matchall", .restore = "ctinfo"},
	{.classifier = "u32", .restore = "ctinfo"},
	{.classifier = "matchall", .restore = "connmark"},
	{.classifier = "u32", .restore = "connmark"},
	{0},
};

uint32_t shaper_ingress_block(const char *of)
{
	uint32_t hash = 2166136261u; /* FNV-1a, folded */
	for (; *of; of++)
		hash = (hash ^ (uint8_t)*of) * 16777619u;
	return SHAPER_BLOCK | ((hash >> 24 ^ hash) & SHAPER_BLOCK_BITS);
}

struct nlmsghdr *shaper_message_ingress(struct shaper_target to, uint32_t block)
{
	struct nlmsghdr *nlh = shaper_message_begin(to, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
						    TC_H_INGRESS, INGRESS_HANDLE);
	mnl_attr_put_strz(nlh, TCA_KIND, "ingress");
	mnl_attr_put_u32(nlh, TCA_INGRESS_BLOCK, block);
	return nlh;
}

struct nlmsghdr *shaper_message_remove_ingress(struct shaper_target to)
{
	return shaper_message_begin(to, RTM_DELQDISC, 0, TC_H_INGRESS, 0);
}

static void put_restore(struct nlmsghdr *nlh, const struct shaper_redirect *redirect)
{
	struct nlattr *action = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_strz(nlh, TCA_ACT_KIND, redirect->restore);
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_ACT_OPTIONS);
	if (strcmp(redirect->restore, "ctinfo") == 0) {
		struct tc_ctinfo ctinfo = {.action = TC_ACT_PIPE};
		mnl_attr_put(nlh, TCA_CTINFO_ACT, sizeof(ctinfo), &ctinfo);
		mnl_attr_put_u32(nlh, TCA_CTINFO_PARMS_CPMARK_MASK, redirect->mask);
	} else {
		struct tc_connmark connmark = {.action = TC_ACT_PIPE};
		mnl_attr_put(nlh, TCA_CONNMARK_PARMS, sizeof(connmark), &connmark);
	}
	mnl_attr_nest_end(nlh, options);
	mnl_attr_nest_end(nlh, action);
}

static void put_mirred(struct nlmsghdr *nlh, uint16_t order, int ifindex)
{
	struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN,
		.eaction = TCA_EGRESS_REDIR,
		.ifindex = (uint32_t)ifindex,
	};
	struct nlattr *action = mnl_attr_nest_start(nlh, order);
	mnl_attr_put_strz(nlh, TCA_ACT_KIND, "mirred");
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_ACT_OPTIONS);
	mnl_attr_put(nlh, TCA_MIRRED_PARMS, sizeof(mirred), &mirred);
	mnl_attr_nest_end(nlh, options);
	mnl_attr_nest_end(nlh, action);
}

/* One key without a bit that matters: it matches everything. */
static void put_match_all(struct nlmsghdr *nlh)
{
	const struct tc_u32_sel selector = {.flags = TC_U32_TERMINAL, .nkeys = 1};
	char match[sizeof(selector) + sizeof(struct tc_u32_key)] = {0};
	memcpy(match, &selector, sizeof(selector));
	mnl_attr_put(nlh, TCA_U32_SEL, sizeof(match), match);
}

/* They are numbered from 1 on; what comes behind a gap is ignored. */
static void put_actions(struct nlmsghdr *nlh, uint16_t type, const struct shaper_redirect *redirect)
{
	struct nlattr *actions;
	if (!redirect->restore && !redirect->ifindex)
		return;
	actions = mnl_attr_nest_start(nlh, type);
	if (redirect->restore)
		put_restore(nlh, redirect);
	if (redirect->ifindex)
		put_mirred(nlh, redirect->restore ? 2 : 1, redirect->ifindex);
	mnl_attr_nest_end(nlh, actions);
}

struct nlmsghdr *shaper_message_redirect(struct shaper_target to, uint32_t block, uint16_t priority,
					 const struct shaper_redirect *redirect)
{
	struct shaper_target to_block = {to.buffer, (int)TCM_IFINDEX_MAGIC_BLOCK};
	struct nlmsghdr *nlh =
		shaper_message_begin(to_block, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, block, 0);
	struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	bool is_u32 = strcmp(redirect->classifier, "u32") == 0;
	tcm->tcm_info = (uint32_t)priority << 16 | htons(ETH_P_ALL);
	mnl_attr_put_strz(nlh, TCA_KIND, redirect->classifier);
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	if (is_u32)
		put_match_all(nlh);
	put_actions(nlh, is_u32 ? TCA_U32_ACT : TCA_MATCHALL_ACT, redirect);
	mnl_attr_nest_end(nlh, options);
	return nlh;
}

static void read_action(const struct nlattr *action, struct shaper_redirect *redirect)
{
	const struct nlattr *options = shaper_record_find(action, TCA_ACT_OPTIONS);
	char kind[SHAPER_KIND_SIZE];
	struct tc_mirred mirred;
	shaper_record_copy(shaper_record_find(action, TCA_ACT_KIND), kind, sizeof(kind) - 1);
	kind[sizeof(kind) - 1] = '\0';
	if (strcmp(kind, "ctinfo") == 0) {
		redirect->restore = "ctinfo";
		shaper_record_copy(shaper_record_find(options, TCA_CTINFO_PARMS_CPMARK_MASK),
				   &redirect->mask, sizeof(redirect->mask));
	} else if (strcmp(kind, "connmark") == 0) {
		redirect->restore = "connmark";
	} else if (strcmp(kind, "mirred") == 0) {
		shaper_record_copy(shaper_record_find(options, TCA_MIRRED_PARMS), &mirred,
				   sizeof(mirred));
		if (mirred.eaction == TCA_EGRESS_REDIR)
			redirect->ifindex = (int)mirred.ifindex;
	}
}

/* The kernel also lists each priority as such, without options, and u32 its tables, which have no
 * selector. */
static const char *read_classifier(const struct shaper_record *record)
{
	if (strcmp(record->kind, "matchall") == 0 && record->options)
		return "matchall";
	if (strcmp(record->kind, "u32") == 0 && shaper_record_find(record->options, TCA_U32_SEL))
		return "u32";
	return NULL;
}

bool shaper_redirect_read(const struct nlmsghdr *nlh, struct shaper_redirect *ret_redirect)
{
	struct shaper_redirect redirect = {0};
	struct shaper_record record;
	const struct nlattr *actions, *action;
	if (nlh->nlmsg_type != RTM_NEWTFILTER || !shaper_record_read(nlh, 0, &record))
		return false;
	redirect.classifier = read_classifier(&record);
	if (!redirect.classifier)
		return false;
	actions = shaper_record_find(record.options, strcmp(redirect.classifier, "u32") == 0
							     ? TCA_U32_ACT
							     : TCA_MATCHALL_ACT);
	if (actions)
		mnl_attr_for_each_nested (action, actions)
			read_action(action, &redirect);
	*ret_redirect = redirect;
	return true;
}
