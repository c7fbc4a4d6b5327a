/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include "kernel/conntrack_message.h"
#include "nfshaper/mark.h"

struct counting {
	uint32_t mask;
	struct conntrack_tally *tallies;
};

static int count_connection(const struct nlmsghdr *nlh, void *data)
{
	const struct counting *counting = data;
	const struct nlattr *attr;
	uint32_t mark = 0, status = 0;
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == CTA_MARK)
			mark = ntohl(mnl_attr_get_u32(attr));
		else if (mnl_attr_get_type(attr) == CTA_STATUS)
			status = ntohl(mnl_attr_get_u32(attr));
	}
	struct conntrack_tally *tally =
		&counting->tallies[(mark & counting->mask) >> nfshaper_mask_shift(counting->mask)];
	tally->connections++;
	tally->answered += (status & IPS_SEEN_REPLY) != 0;
	return MNL_CB_OK;
}

int conntrack_count(uint32_t mask, struct conntrack_tally *tallies)
{
	char request[256] __attribute__((aligned(8))) = {0};
	struct counting counting = {mask, tallies};
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	if (!socket)
		return -errno;
	struct nlmsghdr *nlh = conntrack_request(request, IPCTNL_MSG_CT_GET, AF_UNSPEC);
	nlh->nlmsg_flags |= NLM_F_DUMP;
	int result = nl_request(socket, nlh, count_connection, &counting, NULL);
	mnl_socket_close(socket);
	return result;
}
