/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether what comes in can be shaped by an IFB device: a scratch device gets the qdiscs and
 * filters that a real one would get, redirected to itself, and goes again. It is down: no packet
 * sees any of it. Each need is tried by itself, to be able to name all that is missing.
 */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <nfshaper/mark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/ifb.h"
#include "kernel/shaper.h"
#include "kernel/shaper_filter.h"
#include "kernel/shaper_ingress.h"
#include "kernel/shaper_message.h"
#include "util/alloc.h"

#define TRIAL_BPS 1000000
#define TRIAL_MASK NFSHAPER_MASK_DEFAULT

struct trial {
	struct mnl_socket *socket;
	struct shaper_target to;
	struct nl_error error;
	uint32_t block;
	uint16_t priority;      /* of the next filter of the ingress qdisc */
	const char *classifier; /* the best that there is */
};

static int request(struct trial *trial, struct nlmsghdr *nlh)
{
	return nl_request(trial->socket, nlh, NULL, NULL, &trial->error);
}

static int try_htb(struct trial *trial)
{
	const struct shaper_htb htb = {.default_minor = NFSHAPER_HTB_FIRST};
	const struct shaper_class class = {
		.minor = NFSHAPER_HTB_FIRST, .rate_bps = TRIAL_BPS, .ceil_bps = TRIAL_BPS};
	int result = request(trial, shaper_message_root(trial->to, &htb));
	return result ? result : request(trial, shaper_message_class(trial->to, &class));
}

static int try_fw(struct trial *trial)
{
	return request(trial, shaper_message_filter(trial->to, 1, nfshaper_mark(TRIAL_MASK, 1),
						    TRIAL_MASK, NFSHAPER_HTB_FIRST));
}

static int try_ingress(struct trial *trial)
{
	return request(trial, shaper_message_ingress(trial->to, trial->block));
}

struct reading {
	uint16_t priority;
	struct shaper_redirect seen;
};

static int take(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	struct shaper_redirect redirect;
	if (shaper_redirect_read(nlh, &redirect) && tcm->tcm_info >> 16 == reading->priority)
		reading->seen = redirect;
	return MNL_CB_OK;
}

/* What the kernel says that it does must be what it was told. */
static int read_back(struct trial *trial, const struct shaper_redirect *wanted)
{
	struct shaper_target to = {trial->to.buffer, (int)TCM_IFINDEX_MAGIC_BLOCK};
	struct reading reading = {.priority = trial->priority};
	struct nlmsghdr *nlh =
		shaper_message_begin(to, RTM_GETTFILTER, NLM_F_DUMP, trial->block, 0);
	int result = nl_request(trial->socket, nlh, take, &reading, &trial->error);
	const struct shaper_redirect *seen = &reading.seen;
	if (result)
		return result;
	if (!seen->classifier || seen->ifindex != wanted->ifindex ||
	    (wanted->restore && (!seen->restore || strcmp(seen->restore, wanted->restore) != 0)) ||
	    (wanted->restore && strcmp(wanted->restore, "ctinfo") == 0 &&
	     seen->mask != wanted->mask))
		return -EOPNOTSUPP;
	return 0;
}

static int try_redirect(struct trial *trial, const char *classifier, const char *restore,
			int ifindex)
{
	const struct shaper_redirect redirect = {classifier, restore, TRIAL_MASK, ifindex};
	int result;
	trial->priority++;
	result = request(trial, shaper_message_redirect(trial->to, trial->block, trial->priority,
							&redirect));
	return result ? result : read_back(trial, &redirect);
}

static int try_classifier(struct trial *trial)
{
	static const char *const kinds[] = {"matchall", "u32"};
	int result = -ENOENT;
	for (size_t i = 0; result && i < sizeof(kinds) / sizeof(*kinds); i++) {
		result = try_redirect(trial, kinds[i], NULL, 0);
		if (!result)
			trial->classifier = kinds[i];
	}
	return result;
}

static int try_mirred(struct trial *trial)
{
	return trial->classifier ? try_redirect(trial, trial->classifier, NULL, trial->to.ifindex)
				 : 0;
}

static int try_restore(struct trial *trial)
{
	if (!trial->classifier || try_redirect(trial, trial->classifier, "ctinfo", 0) == 0)
		return 0;
	return try_redirect(trial, trial->classifier, "connmark", 0);
}

struct need {
	const char *what; /* … is missing */
	const char *remedy;
	int (*try)(struct trial *trial);
	bool is_base; /* without it, what comes after it cannot be tried */
};

static const struct need needs[] = {
	{"the qdisc htb", "modprobe sch_htb, or a kernel with CONFIG_NET_SCH_HTB", try_htb, true},
	{"the filter fw", "modprobe cls_fw, or a kernel with CONFIG_NET_CLS_FW", try_fw, false},
	{"the ingress qdisc", "modprobe sch_ingress, or a kernel with CONFIG_NET_SCH_INGRESS",
	 try_ingress, true},
	{"a filter that matches everything",
	 "modprobe cls_matchall or cls_u32, or a kernel with CONFIG_NET_CLS_MATCHALL or "
	 "CONFIG_NET_CLS_U32, and with CONFIG_NET_CLS_ACT",
	 try_classifier, false},
	{"the action mirred", "modprobe act_mirred, or a kernel with CONFIG_NET_ACT_MIRRED",
	 try_mirred, false},
	{"an action that reads a connection's mark",
	 "modprobe act_ctinfo or act_connmark, or a kernel with CONFIG_NET_ACT_CTINFO or "
	 "CONFIG_NET_ACT_CONNMARK",
	 try_restore, false},
};

/* The missing ones in one sentence, or NULL. */
static char *find_missing(struct trial *trial)
{
	char *list = NULL;
	bool goes_on = true;
	for (size_t i = 0; goes_on && i < sizeof(needs) / sizeof(*needs); i++) {
		const struct need *need = &needs[i];
		if (need->try(trial) == 0)
			continue;
		char *longer = xasprintf("%s%s%s (%s)", list ? list : "this kernel lacks ",
					 list ? "; " : "", need->what, need->remedy);
		free(list);
		list = longer;
		goes_on = !need->is_base;
	}
	return list;
}

static char *try_device(struct trial *trial, const char *name)
{
	int result = ifb_make(trial->socket, name, &trial->error);
	if (result == -EPERM)
		return xstrdup("must be root (CAP_NET_ADMIN)");
	if (result)
		return xasprintf("a scratch device %s could not be made: %s", name,
				 trial->error.message[0] ? trial->error.message
							 : strerror(-result));
	trial->to.ifindex = (int)if_nametoindex(name);
	trial->block = shaper_ingress_block(name);
	char *why = find_missing(trial);
	ifb_remove(trial->socket, trial->to.ifindex, NULL);
	return why;
}

bool shaper_can_ifb(char **ret_why)
{
	char buffer[SHAPER_MESSAGE_ROOM] __attribute__((aligned(8))), name[IF_NAMESIZE];
	struct trial trial = {.socket = shaper_open(), .to = {buffer, 0}};
	if (!trial.socket) {
		*ret_why = xasprintf("a netlink socket could not be opened: %s", strerror(errno));
		return false;
	}
	snprintf(name, sizeof(name), "nfs-try%d", (int)getpid());
	char *why = try_device(&trial, name);
	mnl_socket_close(trial.socket);
	if (why)
		*ret_why = why;
	return !why;
}
