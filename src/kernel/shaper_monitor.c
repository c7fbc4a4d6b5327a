/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events are first only collected, as interfaces with a question: is nfshaper's qdisc gone, or has
 * it lost a part? The question is answered by a look at what is there when all events are read, so
 * that what was put right meanwhile is not reported.
 */
#include "kernel/shaper_monitor.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/shaper_message.h"
#include "kernel/shaper_record.h"
#include "kernel/shaper_state.h"
#include "util/alloc.h"

#define EVENT_ROOM 32768
#define ROOT_MAJOR (NFSHAPER_HTB_MAJOR << 16)

struct shaper_monitor {
	struct mnl_socket *socket;
	char buffer[EVENT_ROOM] __attribute__((aligned(8)));
};

/* What was taken from an interface. */
struct loss {
	int ifindex;
	bool root;
	bool ingress;
	bool part; /* a class, leaf or filter of something that may be ours */
};

struct losses {
	struct loss *items;
	size_t count, capacity;
};

struct shaper_monitor *shaper_monitor_open(void)
{
	struct shaper_monitor *monitor = xcalloc(1, sizeof(*monitor));
	monitor->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (monitor->socket && mnl_socket_bind(monitor->socket, RTMGRP_TC, MNL_SOCKET_AUTOPID) == 0)
		return monitor;
	int saved = errno;
	shaper_monitor_close(monitor);
	errno = saved;
	return NULL;
}

void shaper_monitor_close(struct shaper_monitor *monitor)
{
	if (monitor && monitor->socket)
		mnl_socket_close(monitor->socket);
	free(monitor);
}

int shaper_monitor_fd(const struct shaper_monitor *monitor)
{
	return mnl_socket_get_fd(monitor->socket);
}

static struct loss *find_loss(struct losses *losses, int ifindex)
{
	for (size_t i = 0; i < losses->count; i++)
		if (losses->items[i].ifindex == ifindex)
			return &losses->items[i];
	losses->items =
		array_grow(losses->items, losses->count, &losses->capacity, sizeof(*losses->items));
	losses->items[losses->count] = (struct loss){.ifindex = ifindex};
	return &losses->items[losses->count++];
}

/* A qdisc that is replaced is reported as gone, before the new one is. */
static void note_qdisc(struct losses *losses, const struct shaper_record *record)
{
	struct shaper_root root = {0};
	struct shaper_ingress ingress = {0};
	uint32_t parent = record->tcm->tcm_parent;
	if (parent == TC_H_ROOT) {
		shaper_state_take_root(record, &root);
		if (root.is_ours)
			find_loss(losses, record->tcm->tcm_ifindex)->root = true;
	} else if (parent == TC_H_INGRESS) {
		shaper_state_take_ingress(record, &ingress);
		if (ingress.is_ours)
			find_loss(losses, record->tcm->tcm_ifindex)->ingress = true;
	} else if (TC_H_MAJ(parent) == ROOT_MAJOR) {
		find_loss(losses, record->tcm->tcm_ifindex)->part = true;
	}
}

static void note(struct losses *losses, const struct nlmsghdr *nlh)
{
	struct shaper_record record;
	if (nlh->nlmsg_pid == shaper_port() || !shaper_record_read(nlh, 0, &record))
		return;
	switch (nlh->nlmsg_type) {
	case RTM_DELQDISC:
		note_qdisc(losses, &record);
		break;
	case RTM_DELTCLASS:
		if (TC_H_MAJ(record.tcm->tcm_handle) == ROOT_MAJOR)
			find_loss(losses, record.tcm->tcm_ifindex)->part = true;
		break;
	case RTM_DELTFILTER:
		/* Of a block: which interface has it is not said. */
		find_loss(losses, record.tcm->tcm_ifindex)->part = true;
		break;
	}
}

static int collect(struct shaper_monitor *monitor, struct losses *losses)
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
			note(losses, nlh);
	}
}

static bool is_lost(struct mnl_socket *socket, const struct loss *loss)
{
	struct shaper_state state = {0};
	bool lost = true;
	if (shaper_state_read(socket, loss->ifindex, &state, NULL) == 0) {
		bool root = state.root.is_ours, ingress = state.ingress.is_ours;
		lost = (loss->root && !root) || (loss->ingress && !ingress) ||
		       (loss->part && (root || ingress));
	}
	shaper_state_fini(&state);
	return lost;
}

/* A filter of ours was taken out of its block: all that have one are meant. */
static void spread_block(struct mnl_socket *socket, struct losses *losses)
{
	struct shaper_owned *owned = NULL;
	size_t count = 0, n_losses = losses->count;
	bool is_block = false;
	for (size_t i = 0; i < n_losses; i++)
		is_block |= losses->items[i].ifindex == (int)TCM_IFINDEX_MAGIC_BLOCK;
	if (!is_block || shaper_state_owned(socket, &owned, &count, NULL))
		return;
	for (size_t i = 0; i < count; i++)
		if (owned[i].is_ingress)
			find_loss(losses, owned[i].ifindex)->part = true;
	free(owned);
}

static void report(struct losses *losses, shaper_monitor_fn *each, void *data)
{
	struct mnl_socket *socket = shaper_open();
	char name[IF_NAMESIZE];
	if (!socket)
		return;
	spread_block(socket, losses);
	/* All are looked at first: `each` may put one right. */
	for (size_t i = 0; i < losses->count; i++)
		if (!is_lost(socket, &losses->items[i]))
			losses->items[i].ifindex = 0;
	mnl_socket_close(socket);
	for (size_t i = 0; i < losses->count; i++)
		if (losses->items[i].ifindex > 0 &&
		    if_indextoname((unsigned)losses->items[i].ifindex, name))
			each(name, data);
}

int shaper_monitor_read(struct shaper_monitor *monitor, shaper_monitor_fn *each, void *data)
{
	struct losses losses = {0};
	int result = collect(monitor, &losses);
	if (losses.count)
		report(&losses, each, data);
	free(losses.items);
	return result;
}
