/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_message.h"

#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>
#include <nfshaper/mark.h>
#include <string.h>
#include <unistd.h>

#include "net/nlbatch.h"

#define ROOT_HANDLE (NFSHAPER_HTB_MAJOR << 16)

/* Every half second, half of the new value: the mean of the last second or two. */
#define ESTIMATOR_INTERVAL (-1)
#define ESTIMATOR_LOG 1

/* No process has such an id, and the kernel's own choices are negative (netlink_autobind()). */
#define SHAPER_PORT 0x6e000000u
#define SHAPER_PORT_PID 0x00ffffffu

uint32_t shaper_port(void)
{
	return SHAPER_PORT | ((uint32_t)getpid() & SHAPER_PORT_PID);
}

struct mnl_socket *shaper_open(void)
{
	return nl_open_as(NETLINK_ROUTE, shaper_port());
}

struct nlmsghdr *shaper_message_begin(struct shaper_target to, uint16_t type, uint16_t flags,
				      uint32_t parent, uint32_t handle)
{
	memset(to.buffer, 0, SHAPER_MESSAGE_ROOM);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(to.buffer);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = to.ifindex;
	tcm->tcm_parent = parent;
	tcm->tcm_handle = handle;
	return nlh;
}

/* A size table without a table (net/sched/sch_api.c, __qdisc_calculate_pkt_len()). */
static void put_less(struct nlmsghdr *nlh, int less_bytes)
{
	struct tc_sizespec size = {.overhead = -less_bytes, .linklayer = TC_LINKLAYER_ETHERNET};
	struct nlattr *nest = mnl_attr_nest_start(nlh, TCA_STAB);
	mnl_attr_put(nlh, TCA_STAB_BASE, sizeof(size), &size);
	mnl_attr_nest_end(nlh, nest);
}

struct nlmsghdr *shaper_message_root(struct shaper_target to, const struct shaper_htb *htb)
{
	struct nlmsghdr *nlh = shaper_message_begin(to, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
						    TC_H_ROOT, ROOT_HANDLE);
	struct tc_htb_glob root = {
		.version = TC_HTB_PROTOVER,
		.rate2quantum = SHAPER_R2Q,
		.defcls = htb->default_minor,
	};
	mnl_attr_put_strz(nlh, TCA_KIND, "htb");
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put(nlh, TCA_HTB_INIT, sizeof(root), &root);
	mnl_attr_nest_end(nlh, options);
	if (htb->less_bytes)
		put_less(nlh, htb->less_bytes);
	return nlh;
}

/* With the link layer named, the kernel wants no table of rates (net/sched/sch_htb.c). */
static struct tc_ratespec rate_spec(const struct shaper_line *line, uint64_t bps)
{
	uint64_t rate = shaper_bytes_per_s(bps);
	return (struct tc_ratespec){
		.linklayer = line->link == LINK_ATM ? TC_LINKLAYER_ATM : TC_LINKLAYER_ETHERNET,
		.overhead = line->overhead_bytes,
		.rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate,
	};
}

static void put_wide_rate(struct nlmsghdr *nlh, uint16_t type, uint64_t bps)
{
	if (shaper_bytes_per_s(bps) > UINT32_MAX)
		mnl_attr_put_u64(nlh, type, shaper_bytes_per_s(bps));
}

struct nlmsghdr *shaper_message_class(struct shaper_target to, const struct shaper_class *class)
{
	const struct shaper_line *line = &class->line;
	uint64_t rate = shaper_line_bps(line, class->rate_bps);
	uint64_t ceil = shaper_line_bps(line, class->ceil_bps);
	struct nlmsghdr *nlh = shaper_message_begin(to, RTM_NEWTCLASS, NLM_F_CREATE,
						    nfshaper_classid(class->parent),
						    nfshaper_classid(class->minor));
	struct tc_estimator estimator = {ESTIMATOR_INTERVAL, ESTIMATOR_LOG};
	struct tc_htb_opt parameters = {
		.rate = rate_spec(line, rate),
		.ceil = rate_spec(line, ceil),
		.buffer = shaper_burst_ticks(shaper_burst_bytes(line, rate), rate),
		.cbuffer = shaper_burst_ticks(shaper_burst_bytes(line, ceil), ceil),
		.quantum = shaper_quantum_bytes(rate),
		.prio = class->priority,
	};
	mnl_attr_put_strz(nlh, TCA_KIND, "htb");
	if (class->with_estimator)
		mnl_attr_put(nlh, TCA_RATE, sizeof(estimator), &estimator);
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put(nlh, TCA_HTB_PARMS, sizeof(parameters), &parameters);
	put_wide_rate(nlh, TCA_HTB_RATE64, rate);
	put_wide_rate(nlh, TCA_HTB_CEIL64, ceil);
	mnl_attr_nest_end(nlh, options);
	return nlh;
}

static void put_codel(struct nlmsghdr *nlh, uint64_t ceil_bps)
{
	struct nlattr *options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put_u32(nlh, TCA_FQ_CODEL_TARGET, shaper_codel_target_us(ceil_bps));
	mnl_attr_put_u32(nlh, TCA_FQ_CODEL_INTERVAL, shaper_codel_interval_us(ceil_bps));
	mnl_attr_nest_end(nlh, options);
}

/* Without options, cake's rate is unlimited. */
static void put_leaf_options(struct nlmsghdr *nlh, const char *kind, uint64_t ceil_bps)
{
	struct tc_fifo_qopt fifo = {.limit = shaper_fifo_packets(ceil_bps)};
	struct tc_sfq_qopt sfq = {.perturb_period = SHAPER_SFQ_PERTURB_S};
	if (strcmp(kind, "pfifo") == 0)
		mnl_attr_put(nlh, TCA_OPTIONS, sizeof(fifo), &fifo);
	else if (strcmp(kind, "fq_codel") == 0)
		put_codel(nlh, ceil_bps);
	else if (strcmp(kind, "sfq") == 0)
		mnl_attr_put(nlh, TCA_OPTIONS, sizeof(sfq), &sfq);
}

struct nlmsghdr *shaper_message_leaf(struct shaper_target to, uint16_t minor, const char *kind,
				     uint64_t ceil_bps)
{
	struct nlmsghdr *nlh = shaper_message_begin(to, RTM_NEWQDISC, NLM_F_CREATE,
						    nfshaper_classid(minor), (uint32_t)minor << 16);
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	put_leaf_options(nlh, kind, ceil_bps);
	return nlh;
}

struct nlmsghdr *shaper_message_remove_root(struct shaper_target to, uint32_t handle)
{
	return shaper_message_begin(to, RTM_DELQDISC, 0, TC_H_ROOT, handle);
}

struct nlmsghdr *shaper_message_remove_leaf(struct shaper_target to, uint16_t minor)
{
	return shaper_message_begin(to, RTM_DELQDISC, 0, nfshaper_classid(minor), 0);
}

struct nlmsghdr *shaper_message_remove_class(struct shaper_target to, uint16_t minor)
{
	return shaper_message_begin(to, RTM_DELTCLASS, 0, 0, nfshaper_classid(minor));
}

struct nlmsghdr *shaper_message_list_qdiscs(struct shaper_target to)
{
	return shaper_message_begin(to, RTM_GETQDISC, NLM_F_DUMP, 0, 0);
}

struct nlmsghdr *shaper_message_list_classes(struct shaper_target to)
{
	return shaper_message_begin(to, RTM_GETTCLASS, NLM_F_DUMP, ROOT_HANDLE, 0);
}
