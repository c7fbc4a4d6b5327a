/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_monitor.h"

/* Before the headers of the kernel and of libnftnl, which need them. */
#include <netinet/in.h>
#include <stdio.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/table_state.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

#define EVENT_ROOM 32768

struct table_monitor {
	struct mnl_socket *socket;
	char buffer[EVENT_ROOM] __attribute__((aligned(8)));
};

struct table_monitor *table_monitor_open(void)
{
	struct table_monitor *monitor = xcalloc(1, sizeof(*monitor));
	int group = NFNLGRP_NFTABLES;
	monitor->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (monitor->socket && mnl_socket_bind(monitor->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_setsockopt(monitor->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ==
		    0)
		return monitor;
	int saved = errno;
	table_monitor_close(monitor);
	errno = saved;
	return NULL;
}

void table_monitor_close(struct table_monitor *monitor)
{
	if (monitor && monitor->socket)
		mnl_socket_close(monitor->socket);
	free(monitor);
}

int table_monitor_fd(const struct table_monitor *monitor)
{
	return mnl_socket_get_fd(monitor->socket);
}

static bool is_removal(const struct nlmsghdr *nlh)
{
	struct nftnl_table *table;
	bool is_ours = false;
	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE))
		return false;
	table = nftnl_table_alloc();
	if (table && nftnl_table_nlmsg_parse(nlh, table) == 0) {
		const char *name = nftnl_table_get_str(table, NFTNL_TABLE_NAME);
		is_ours = name && strcmp(name, NFSHAPER_TABLE) == 0 &&
			  nftnl_table_get_u32(table, NFTNL_TABLE_FAMILY) == NFPROTO_INET;
	}
	nftnl_table_free(table);
	return is_ours;
}

/* Our own installation may remove it and make it anew in one transaction. */
static bool is_gone(void)
{
	struct table_state state;
	if (table_state_read(NFSHAPER_TABLE, &state, NULL))
		return false;
	bool gone = !state.exists;
	table_state_fini(&state);
	return gone;
}

int table_monitor_read(struct table_monitor *monitor, bool *ret_gone)
{
	bool is_removed = false;
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(monitor->socket, monitor->buffer, EVENT_ROOM);
		int left = (int)length;
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == EAGAIN)
			break;
		/* What was lost or cut off may have been the removal. */
		if (length < 0 && (errno == ENOBUFS || errno == ENOSPC)) {
			is_removed = true;
			continue;
		}
		if (length < 0)
			return -errno;
		for (struct nlmsghdr *nlh = (struct nlmsghdr *)monitor->buffer;
		     mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			is_removed |= is_removal(nlh);
	}
	*ret_gone = is_removed && is_gone();
	return 0;
}
