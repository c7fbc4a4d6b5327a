/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/alloc.h"

#define EVENT_ROOM 32768 /* the largest link message, with the virtual functions of a device */
#define BUCKETS 64       /* a power of 2 */

struct link_monitor {
	struct mnl_socket *socket;
	char buffer[EVENT_ROOM] __attribute__((aligned(8)));
};

struct name {
	struct name *next;
	unsigned ifindex;
	char text[IFNAMSIZ];
};

struct link_names {
	struct link_monitor *monitor;
	struct name *buckets[BUCKETS];
};

struct link_monitor *link_monitor_open(void)
{
	struct link_monitor *monitor = xcalloc(1, sizeof(*monitor));
	monitor->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (monitor->socket &&
	    mnl_socket_bind(monitor->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) == 0)
		return monitor;
	int saved = errno;
	link_monitor_close(monitor);
	errno = saved;
	return NULL;
}

void link_monitor_close(struct link_monitor *monitor)
{
	if (monitor && monitor->socket)
		mnl_socket_close(monitor->socket);
	free(monitor);
}

int link_monitor_fd(const struct link_monitor *monitor)
{
	return mnl_socket_get_fd(monitor->socket);
}

static void report(const struct nlmsghdr *nlh, link_monitor_fn *each, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	char name[IFNAMSIZ] = "";
	if ((nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return;
	/* Family AF_BRIDGE: a port joins or leaves its bridge, the interface stays. */
	if (info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
		return;
	mnl_attr_for_each (attr, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
		    mnl_attr_get_payload_len(attr) <= sizeof(name))
			strcpy(name, mnl_attr_get_str(attr));
	}
	if (*name)
		each(name, (unsigned)info->ifi_index, nlh->nlmsg_type == RTM_NEWLINK, data);
}

int link_monitor_read(struct link_monitor *monitor, link_monitor_fn *each, void *data)
{
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(monitor->socket, monitor->buffer, EVENT_ROOM);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == EAGAIN)
			return 0;
		if (length < 0)
			/* ENOSPC: cut off, so something in it is lost as well. */
			return errno == ENOSPC ? -ENOBUFS : -errno;
		int left = (int)length;
		for (struct nlmsghdr *nlh = (struct nlmsghdr *)monitor->buffer;
		     mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			report(nlh, each, data);
	}
}

struct link_names *link_names_new(void)
{
	struct link_monitor *monitor = link_monitor_open();
	struct link_names *names;
	if (!monitor)
		return NULL;
	names = xcalloc(1, sizeof(*names));
	names->monitor = monitor;
	return names;
}

static void forget_all(struct link_names *names)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (names->buckets[i]) {
			struct name *gone = names->buckets[i];
			names->buckets[i] = gone->next;
			free(gone);
		}
	}
}

void link_names_free(struct link_names *names)
{
	if (!names)
		return;
	forget_all(names);
	link_monitor_close(names->monitor);
	free(names);
}

static const char *look_up(struct link_names *names, unsigned ifindex)
{
	struct name **bucket = &names->buckets[ifindex % BUCKETS];
	/* Any socket answers this, for its own network namespace (net/core/dev_ioctl.c). */
	struct ifreq request = {.ifr_ifindex = (int)ifindex};
	struct name *name;
	if (ioctl(link_names_fd(names), SIOCGIFNAME, &request) < 0)
		return NULL;
	name = xcalloc(1, sizeof(*name));
	name->ifindex = ifindex;
	memcpy(name->text, request.ifr_name, sizeof(name->text));
	name->text[sizeof(name->text) - 1] = '\0';
	name->next = *bucket;
	*bucket = name;
	return name->text;
}

const char *link_names_get(struct link_names *names, unsigned ifindex)
{
	for (const struct name *name = names->buckets[ifindex % BUCKETS]; name; name = name->next)
		if (name->ifindex == ifindex)
			return name->text;
	return ifindex ? look_up(names, ifindex) : NULL;
}

unsigned link_names_mtu(struct link_names *names, unsigned ifindex)
{
	struct ifreq request = {0};
	const char *name = link_names_get(names, ifindex);
	if (!name)
		return 0;
	strcpy(request.ifr_name, name);
	if (ioctl(link_names_fd(names), SIOCGIFMTU, &request) < 0 || request.ifr_mtu < 0)
		return 0;
	return (unsigned)request.ifr_mtu;
}

int link_names_fd(const struct link_names *names)
{
	return link_monitor_fd(names->monitor);
}

/* The next packet looks it up again: an event may be older than what is cached. */
static void forget(const char *text, unsigned ifindex, bool present, void *data)
{
	struct link_names *names = data;
	struct name **at = &names->buckets[ifindex % BUCKETS];
	while (*at && (*at)->ifindex != ifindex)
		at = &(*at)->next;
	if (!*at || (present && strcmp((*at)->text, text) == 0))
		return;
	struct name *gone = *at;
	*at = gone->next;
	free(gone);
}

int link_names_update(struct link_names *names)
{
	int error = link_monitor_read(names->monitor, forget, names);
	if (error == 0)
		return 0;
	forget_all(names);
	return error == -ENOBUFS ? 0 : error;
}
