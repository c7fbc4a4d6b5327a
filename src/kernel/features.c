/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each trial is a transaction that adds a scratch table with one chain without a hook, puts the
 * rules in question into it, and deletes the table again: the kernel checks all of it, and no
 * packet ever sees it. The common case is one trial with everything; only where that fails the
 * needs are tried one by one, to be able to name all that is missing.
 */
#include "kernel/features.h"

/* Before the headers of the kernel, which then leave out what these have. */
#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel/table_model.h"
#include "kernel/table_rule.h"
#include "kernel/table_send.h"
#include "net/nlbatch.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

/* Older kernels ignore the attribute NFQA_PRIORITY of a verdict without a word. */
#define PRIORITY_MAJOR 5
#define PRIORITY_MINOR 18

#define TRIAL_MARK nfshaper_mark(NFSHAPER_MASK_DEFAULT, 1)

struct need {
	const char *what; /* … is missing */
	const char *remedy;
	void (*build)(struct table_model *model, struct table_chain *chain);
};

static void need_inet(struct table_model *model, struct table_chain *chain)
{
	struct table_rule *rule = table_chain_rule(chain);
	(void)model;
	match_family(rule, AF_INET);
	match_ports(rule, IPPROTO_UDP, false, TABLE_DESTINATION, 67, 68);
	verdict_accept(rule);
}

static void need_sets(struct table_model *model, struct table_chain *chain)
{
	struct table_set *set = table_model_set(model, "names", TABLE_TYPE_IFNAME, TABLE_TYPE_NONE);
	struct table_set *map =
		table_model_set(model, "verdicts", TABLE_TYPE_CLASSID, TABLE_TYPE_VERDICT);
	table_model_chain(model, "target", NULL, NULL);
	table_set_add_name(set, "lo", NULL);
	table_set_add(map, NFSHAPER_PRIORITY | 1, 0, "target");
	match_interface_set(table_chain_rule(chain), TABLE_OUTGOING, "names");
	verdict_by_priority(table_chain_rule(chain), "verdicts");
}

static void need_conntrack(struct table_model *model, struct table_chain *chain)
{
	(void)model;
	match_ct_state(table_chain_rule(chain), TABLE_CT_INVALID);
	match_ct_direction(table_chain_rule(chain), true);
}

static void need_mark(struct table_model *model, struct table_chain *chain)
{
	struct table_set *map =
		table_model_set(model, "classes", TABLE_TYPE_MARK, TABLE_TYPE_CLASSID);
	table_set_add(map, TRIAL_MARK, nfshaper_classid(NFSHAPER_HTB_FIRST), NULL);
	set_ct_mark(table_chain_rule(chain), NFSHAPER_MASK_DEFAULT, TRIAL_MARK);
	set_priority_by_ct_mark(table_chain_rule(chain), NFSHAPER_MASK_DEFAULT, "classes");
}

static void need_fib(struct table_model *model, struct table_chain *chain)
{
	(void)model;
	match_destination_type(table_chain_rule(chain), RTN_MULTICAST);
}

static void need_hash(struct table_model *model, struct table_chain *chain)
{
	(void)model;
	match_symhash(table_chain_rule(chain), 2, 0);
}

static void need_reject(struct table_model *model, struct table_chain *chain)
{
	struct table_rule *rule = table_chain_rule(chain);
	(void)model;
	match_proto(rule, IPPROTO_TCP);
	verdict_tcp_reset(rule);
	verdict_prohibited(table_chain_rule(chain));
}

static void need_counter(struct table_model *model, struct table_chain *chain)
{
	table_model_counter(model, "trial");
	count_named(table_chain_rule(chain), "trial");
}

static void need_queue_native(struct table_model *model, struct table_chain *chain)
{
	(void)model;
	verdict_queue(table_chain_rule(chain), QUEUE_NATIVE, 0, true);
}

static void need_queue_compat(struct table_model *model, struct table_chain *chain)
{
	(void)model;
	verdict_queue(table_chain_rule(chain), QUEUE_COMPAT, 0, true);
}

/* The first is needed by all others. */
static const struct need needs[] = {
	{"nftables with tables of family inet",
	 "modprobe nf_tables, or a kernel with CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET",
	 need_inet},
	{"nftables sets and maps", "a kernel with CONFIG_NF_TABLES (before 5.7: NF_TABLES_SET)",
	 need_sets},
	{"connection tracking for nftables",
	 "modprobe nft_ct, or a kernel with CONFIG_NF_CONNTRACK and CONFIG_NFT_CT", need_conntrack},
	{"conntrack marks", "a kernel with CONFIG_NF_CONNTRACK_MARK", need_mark},
	{"the nftables expression fib",
	 "modprobe nft_fib_inet, or a kernel with CONFIG_NFT_FIB_INET", need_fib},
	{"the nftables expression symhash", "modprobe nft_hash, or a kernel with CONFIG_NFT_HASH",
	 need_hash},
	{"the nftables statement reject for family inet",
	 "modprobe nft_reject_inet, or a kernel with CONFIG_NFT_REJECT_INET", need_reject},
	{"named nftables counters",
	 "modprobe nft_objref nft_counter, or a kernel with CONFIG_NFT_OBJREF and "
	 "CONFIG_NFT_COUNTER",
	 need_counter},
};
#define N_NEEDS (sizeof(needs) / sizeof(needs[0]))

/* Either will do; what is said where both are missing is said once. */
#define QUEUE_WHAT "a way for rules to reach a queue"
#define QUEUE_REMEDY                                                                               \
	"modprobe nft_queue, or a kernel with CONFIG_NFT_QUEUE, or with CONFIG_NFT_COMPAT and "    \
	"CONFIG_NETFILTER_XT_TARGET_NFQUEUE"
static const struct need queue_native = {QUEUE_WHAT, QUEUE_REMEDY, need_queue_native};
static const struct need queue_compat = {QUEUE_WHAT, QUEUE_REMEDY, need_queue_compat};

const char *queue_path_text(enum queue_path path)
{
	switch (path) {
	case QUEUE_NATIVE:
		return "native";
	case QUEUE_COMPAT:
		return "compat";
	}
	return "";
}

static void send_trial(struct nl_batch *batch, const struct table_model *model)
{
	table_send_table(batch, model->name);
	for (size_t i = 0; i < model->n_counters; i++)
		table_send_counter(batch, model->name, model->counters[i]);
	for (size_t i = 0; i < model->n_chains; i++)
		table_send_chain(batch, model->name, model->chains[i]);
	for (size_t i = 0; i < model->n_sets; i++) {
		table_send_set(batch, model->name, model->sets[i]);
		table_send_elements(batch, model->name, model->sets[i]);
	}
	for (size_t i = 0; i < model->n_chains; i++)
		table_send_rules(batch, model->name, model->chains[i]);
	table_send_delete_table(batch, model->name);
}

/* 0 where the kernel takes all `count` needs and, if not NULL, `one` more. */
static int try_needs(struct mnl_socket *socket, const struct need *all, size_t count,
		     const struct need *one)
{
	char *name = xasprintf("%s_probe_%d", NFSHAPER_TABLE, (int)getpid());
	struct table_model *model = table_model_new(name);
	struct table_chain *chain = table_model_chain(model, "trial", NULL, NULL);
	struct nl_batch *batch = nl_batch_new();
	int result;
	for (size_t i = 0; i < count; i++)
		all[i].build(model, chain);
	if (one)
		one->build(model, chain);
	send_trial(batch, model);
	result = nl_batch_commit(batch, socket, NFNL_SUBSYS_NFTABLES, NULL);
	nl_batch_free(batch);
	table_model_free(model);
	free(name);
	return result;
}

static int fail(int code, char *why, char **ret_why)
{
	*ret_why = why;
	return code;
}

static void name_missing(char **list, const struct need *need)
{
	char *longer = xasprintf("%s%s%s is missing (%s)", *list ? *list : "", *list ? "; " : "",
				 need->what, need->remedy);
	free(*list);
	*list = longer;
}

/* After the trial of everything has failed: says why, in one sentence for all that is missing. */
static int find_missing(struct mnl_socket *socket, int code, char **ret_why)
{
	char *list = NULL, *why;
	bool usable = try_needs(socket, needs, 1, NULL) == 0;
	if (!usable)
		name_missing(&list, &needs[0]);
	for (size_t i = 1; usable && i < N_NEEDS; i++)
		if (try_needs(socket, &needs[i], 1, NULL))
			name_missing(&list, &needs[i]);
	if (usable && try_needs(socket, NULL, 0, &queue_native) &&
	    try_needs(socket, NULL, 0, &queue_compat))
		name_missing(&list, &queue_native);
	if (!list)
		return fail(code, xasprintf("nftables refused a trial: %s", strerror(-code)),
			    ret_why);
	why = xasprintf("this kernel lacks what nfshaper needs: %s", list);
	free(list);
	return fail(-EOPNOTSUPP, why, ret_why);
}

/* Uname as the kernel gives it; a release that is no number is left to the trials. */
static bool has_verdict_priority(char *release, size_t room)
{
	struct utsname name;
	int major, minor;
	if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return true;
	snprintf(release, room, "%s", name.release);
	return major > PRIORITY_MAJOR || (major == PRIORITY_MAJOR && minor >= PRIORITY_MINOR);
}

static int probe(struct mnl_socket *socket, struct features *ret_features, char **ret_why)
{
	int code = try_needs(socket, needs, N_NEEDS, &queue_native);
	if (code == 0) {
		ret_features->queue_path = QUEUE_NATIVE;
		return 0;
	}
	if (code == -EPERM)
		return fail(code, xstrdup("must be root (CAP_NET_ADMIN)"), ret_why);
	code = try_needs(socket, needs, N_NEEDS, &queue_compat);
	if (code == 0) {
		ret_features->queue_path = QUEUE_COMPAT;
		return 0;
	}
	return find_missing(socket, code, ret_why);
}

int features_probe(struct features *ret_features, char **ret_why)
{
	char release[sizeof(((struct utsname *)NULL)->release)] = "";
	struct mnl_socket *socket;
	int result;
	if (!has_verdict_priority(release, sizeof(release)))
		return fail(-EOPNOTSUPP,
			    xasprintf("Linux %s is too old: verdicts carry a priority "
				      "(NFQA_PRIORITY) from %d.%d on",
				      release, PRIORITY_MAJOR, PRIORITY_MINOR),
			    ret_why);
	socket = nl_open(NETLINK_NETFILTER);
	if (!socket) {
		result = -errno;
		return fail(
			result,
			xasprintf("cannot open a netfilter socket: %s; modprobe nfnetlink, or a "
				  "kernel with CONFIG_NETFILTER_NETLINK",
				  strerror(errno)),
			ret_why);
	}
	result = probe(socket, ret_features, ret_why);
	mnl_socket_close(socket);
	return result;
}
