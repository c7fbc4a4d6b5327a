/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The head of a ctnetlink request; for the files of conntrack.h. */
#ifndef KERNEL_CONNTRACK_MESSAGE_H
#define KERNEL_CONNTRACK_MESSAGE_H

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

/* IPCTNL_MSG_CT_… */
static inline struct nlmsghdr *conntrack_request(void *buffer, uint16_t type, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nlh->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

#endif
