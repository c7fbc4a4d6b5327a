/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/host_addresses.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

struct reading {
	host_addresses_visit visit;
	void *data;
};

static int take_route(const struct nlmsghdr *nlh, void *data)
{
	const struct reading *reading = data;
	const struct rtmsg *route = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	size_t size = route->rtm_family == AF_INET ? 4 : 16;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*route) ||
	    (route->rtm_type != RTN_LOCAL && route->rtm_type != RTN_ANYCAST &&
	     route->rtm_type != RTN_BROADCAST))
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(*route)) {
		if (mnl_attr_get_type(attr) != RTA_DST || mnl_attr_get_payload_len(attr) < size)
			continue;
		struct prefix prefix = {
			.addr = addr_from_bytes(route->rtm_family, mnl_attr_get_payload(attr)),
			.length = route->rtm_dst_len,
		};
		reading->visit(&prefix, route->rtm_type == RTN_BROADCAST, reading->data);
	}
	return MNL_CB_OK;
}

/* A router may have a million routes: the kernel is asked for one type at a time. Where it cannot
 * choose (before 4.20), it tells all, and take_route() sees the same ones again. */
static int read_type(struct mnl_socket *socket, uint8_t family, uint8_t type,
		     struct reading *reading, struct nl_error *error)
{
	char request[256] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(nlh, sizeof(*route));
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	route->rtm_family = family;
	route->rtm_type = type;
	int result;
	/* Interrupted: a route came or went meanwhile. */
	do
		result = nl_request(socket, nlh, take_route, reading, error);
	while (result == -EINTR);
	/* IPv6 may be off. */
	return result == -EOPNOTSUPP && family == AF_INET6 ? 0 : result;
}

int host_addresses_read(host_addresses_visit visit, void *data, struct nl_error *error)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	static const uint8_t types[] = {RTN_LOCAL, RTN_ANYCAST, RTN_BROADCAST};
	struct reading reading = {visit, data};
	struct mnl_socket *socket = nl_open(NETLINK_ROUTE);
	int result = socket ? 0 : -errno, on = 1;
	if (error)
		*error = (struct nl_error){0};
	if (socket)
		mnl_socket_setsockopt(socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	for (size_t i = 0; !result && i < sizeof(families) * sizeof(types); i++)
		result = read_type(socket, families[i / sizeof(types)], types[i % sizeof(types)],
				   &reading, error);
	if (socket)
		mnl_socket_close(socket);
	if (result && error) {
		error->code = result;
		error->what = "list the addresses of this host";
	}
	return result;
}
