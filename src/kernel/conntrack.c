/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A dump on one socket finds the connections; updates go out in batches on a second one while the
 * dump goes on. An update names its connection by the original tuple and zone of the dump, copied
 * as they are, which is right under NAT too; it asks for no acknowledgement but on the last
 * message of a batch (net/netfilter/nf_conntrack_netlink.c: an error is always answered).
 */
#include "kernel/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "kernel/conntrack_message.h"
#include "util/alloc.h"

/* An update takes less than 256 bytes. */
#define BATCH_BYTES 32768
#define BATCH_MARGIN 1024
#define ANSWER_ROOM 65536

struct clearing {
	uint32_t mask;
	struct mnl_socket *socket;
	struct mnl_nlmsg_batch *batch;
	uint32_t sequence;
	int result; /* the first error that the kernel gave to an update */
};

/* An error of one update: 0 where it is none to us. */
static int update_error(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	/* Ended meanwhile. */
	return err->error == -ENOENT ? 0 : err->error;
}

/* Reads answers until that of the last message of the batch, `sequence`. */
static int read_answers(struct clearing *clearing, uint32_t sequence)
{
	char *buffer = xcalloc(1, ANSWER_ROOM);
	int result = 1;
	while (result > 0) {
		ssize_t length = mnl_socket_recvfrom(clearing->socket, buffer, ANSWER_ROOM);
		int left = (int)length;
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			result = -errno;
		for (struct nlmsghdr *nlh = (struct nlmsghdr *)buffer;
		     result > 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			if (!clearing->result)
				clearing->result = update_error(nlh);
			if (nlh->nlmsg_seq == sequence)
				result = 0;
		}
	}
	free(buffer);
	return result;
}

/* Sends what has been gathered. */
static int send_updates(struct clearing *clearing)
{
	char *head = mnl_nlmsg_batch_head(clearing->batch);
	size_t size = mnl_nlmsg_batch_size(clearing->batch), at = 0;
	struct nlmsghdr *last = NULL;
	int result = 0;
	for (; at < size; at += MNL_ALIGN(last->nlmsg_len))
		last = (struct nlmsghdr *)(head + at);
	if (!last)
		return 0;
	last->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(clearing->socket, head, size) < 0)
		result = -errno;
	if (!result)
		result = read_answers(clearing, last->nlmsg_seq);
	/* Keeps the message for which there was no more room. */
	mnl_nlmsg_batch_reset(clearing->batch);
	return result;
}

static void copy_attribute(struct nlmsghdr *nlh, const struct nlattr *attr)
{
	mnl_attr_put(nlh, attr->nla_type, mnl_attr_get_payload_len(attr),
		     mnl_attr_get_payload(attr));
}

static int each_connection(const struct nlmsghdr *dumped, void *data)
{
	struct clearing *clearing = data;
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(dumped);
	const struct nlattr *attr, *tuple = NULL, *zone = NULL, *mark = NULL;
	struct nlmsghdr *nlh;
	int result;
	mnl_attr_for_each (attr, dumped, sizeof(*nfg)) {
		uint16_t type = mnl_attr_get_type(attr);
		if (type == CTA_TUPLE_ORIG)
			tuple = attr;
		else if (type == CTA_ZONE)
			zone = attr;
		else if (type == CTA_MARK)
			mark = attr;
	}
	if (!tuple || !mark || !(ntohl(mnl_attr_get_u32(mark)) & clearing->mask))
		return MNL_CB_OK;
	nlh = conntrack_request(mnl_nlmsg_batch_current(clearing->batch), IPCTNL_MSG_CT_NEW,
			  nfg->nfgen_family);
	nlh->nlmsg_seq = ++clearing->sequence;
	copy_attribute(nlh, tuple);
	if (zone)
		copy_attribute(nlh, zone);
	mnl_attr_put_u32(nlh, CTA_MARK, 0);
	mnl_attr_put_u32(nlh, CTA_MARK_MASK, htonl(clearing->mask));
	if (mnl_nlmsg_batch_next(clearing->batch))
		return MNL_CB_OK;
	result = send_updates(clearing);
	errno = -result;
	return result ? MNL_CB_ERROR : MNL_CB_OK;
}

static int clear_all(struct clearing *clearing, struct mnl_socket *dump, struct nl_error *error)
{
	char request[256] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = conntrack_request(request, IPCTNL_MSG_CT_GET, AF_UNSPEC);
	int result;
	nlh->nlmsg_flags |= NLM_F_DUMP;
	result = nl_request(dump, nlh, each_connection, clearing, error);
	if (result == 0)
		result = send_updates(clearing);
	return result ? result : clearing->result;
}

static int clear_marks(struct clearing *clearing, struct nl_error *error)
{
	struct mnl_socket *dump = nl_open(NETLINK_NETFILTER);
	int result = dump ? 0 : -errno;
	clearing->socket = dump ? nl_open(NETLINK_NETFILTER) : NULL;
	if (dump && !clearing->socket)
		result = -errno;
	if (!result)
		result = clear_all(clearing, dump, error);
	if (clearing->socket)
		mnl_socket_close(clearing->socket);
	if (dump)
		mnl_socket_close(dump);
	return result;
}

int conntrack_clear_marks(uint32_t mask, struct nl_error *error)
{
	struct clearing clearing = {.mask = mask};
	char *buffer = xcalloc(1, BATCH_BYTES + BATCH_MARGIN);
	int result = -ENOMEM;
	if (error)
		*error = (struct nl_error){0};
	clearing.batch = mnl_nlmsg_batch_start(buffer, BATCH_BYTES);
	if (clearing.batch) {
		result = clear_marks(&clearing, error);
		mnl_nlmsg_batch_stop(clearing.batch);
	}
	free(buffer);
	if (error && result) {
		error->code = result;
		error->what = "clear conntrack marks";
	}
	return result;
}
