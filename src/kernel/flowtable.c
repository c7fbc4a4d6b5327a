/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/flowtable.h"

/* Before the headers of the kernel and of libnftnl, which need them. */
#include <netinet/in.h>
#include <stdio.h>

#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/flowtable.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "net/nlbatch.h"
#include "util/alloc.h"

struct search {
	flowtable_visit *each;
	void *data;
};

static const char *family_text(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	}
	return "?";
}

static int visit(const struct nlmsghdr *nlh, void *data)
{
	const struct search *search = data;
	struct nftnl_flowtable *flowtable = nftnl_flowtable_alloc();
	if (!flowtable)
		return MNL_CB_ERROR;
	if (nftnl_flowtable_nlmsg_parse(nlh, flowtable) == 0 &&
	    nftnl_flowtable_is_set(flowtable, NFTNL_FLOWTABLE_NAME)) {
		const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
		char *text = xasprintf("%s %s: %s", family_text(nfg->nfgen_family),
				       nftnl_flowtable_get_str(flowtable, NFTNL_FLOWTABLE_TABLE),
				       nftnl_flowtable_get_str(flowtable, NFTNL_FLOWTABLE_NAME));
		search->each(text, search->data);
		free(text);
	}
	nftnl_flowtable_free(flowtable);
	return MNL_CB_OK;
}

int flowtable_find(flowtable_visit *each, void *data)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct search search = {each, data};
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	if (!socket)
		return -errno;
	struct nlmsghdr *nlh =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETFLOWTABLE, NFPROTO_UNSPEC, NLM_F_DUMP, 0);
	int result = nl_request(socket, nlh, visit, &search, NULL);
	mnl_socket_close(socket);
	return result;
}
