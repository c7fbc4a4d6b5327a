/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/conntrack_update.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "kernel/conntrack_message.h"
#include "util/alloc.h"

/* An update takes less than 256 bytes. */
#define BATCH_BYTES 32768
#define BATCH_MARGIN 1024
#define ANSWER_ROOM 65536

struct conntrack_updates {
	struct mnl_socket *socket;
	struct mnl_nlmsg_batch *batch;
	uint32_t sequence;
	int result; /* the first error */
	char bytes[BATCH_BYTES + BATCH_MARGIN] __attribute__((aligned(8)));
	char answers[ANSWER_ROOM] __attribute__((aligned(8)));
};

struct conntrack_updates *conntrack_updates_new(void)
{
	struct conntrack_updates *updates = xcalloc(1, sizeof(*updates));
	updates->socket = nl_open(NETLINK_NETFILTER);
	if (updates->socket)
		updates->batch = mnl_nlmsg_batch_start(updates->bytes, BATCH_BYTES);
	if (updates->batch)
		return updates;
	int error = errno;
	conntrack_updates_free(updates);
	errno = error;
	return NULL;
}

void conntrack_updates_free(struct conntrack_updates *updates)
{
	if (!updates)
		return;
	if (updates->batch)
		mnl_nlmsg_batch_stop(updates->batch);
	if (updates->socket)
		mnl_socket_close(updates->socket);
	free(updates);
}

static void note(struct conntrack_updates *updates, int error)
{
	/* Ended meanwhile. */
	if (error != -ENOENT && !updates->result)
		updates->result = error;
}

/* Takes what came; true with the answer to the last message of the batch, `sequence`. */
static bool take_answers(struct conntrack_updates *updates, size_t length, uint32_t sequence)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)updates->answers;
	int left = (int)length;
	bool is_last = false;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *answer = mnl_nlmsg_get_payload(nlh);
		if (nlh->nlmsg_type != NLMSG_ERROR)
			continue;
		note(updates, answer->error);
		is_last |= nlh->nlmsg_seq == sequence;
	}
	return is_last;
}

static void read_answers(struct conntrack_updates *updates, uint32_t sequence)
{
	ssize_t length;
	do {
		length = mnl_socket_recvfrom(updates->socket, updates->answers, ANSWER_ROOM);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0) {
			note(updates, -errno);
			return;
		}
	} while (length < 0 || !take_answers(updates, (size_t)length, sequence));
}

static void send_batch(struct conntrack_updates *updates)
{
	char *head = mnl_nlmsg_batch_head(updates->batch);
	size_t size = mnl_nlmsg_batch_size(updates->batch);
	struct nlmsghdr *last = NULL;
	for (size_t at = 0; at < size; at += MNL_ALIGN(last->nlmsg_len))
		last = (struct nlmsghdr *)(head + at);
	if (!last)
		return;
	last->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(updates->socket, head, size) < 0)
		note(updates, -errno);
	else
		read_answers(updates, last->nlmsg_seq);
	/* Keeps the message for which there was no more room. */
	mnl_nlmsg_batch_reset(updates->batch);
}

static void copy_attribute(struct nlmsghdr *nlh, const struct nlattr *attr)
{
	mnl_attr_put(nlh, attr->nla_type, mnl_attr_get_payload_len(attr),
		     mnl_attr_get_payload(attr));
}

void conntrack_update_mark(struct conntrack_updates *updates, const struct connection *connection,
			   uint32_t mark, uint32_t mask)
{
	struct nlmsghdr *nlh = conntrack_request(mnl_nlmsg_batch_current(updates->batch),
						 IPCTNL_MSG_CT_NEW, connection->family);
	nlh->nlmsg_seq = ++updates->sequence;
	copy_attribute(nlh, connection->original_attr);
	if (connection->zone_attr)
		copy_attribute(nlh, connection->zone_attr);
	/* The kernel would XOR bits outside the mask into the old ones. */
	mnl_attr_put_u32(nlh, CTA_MARK, htonl(mark & mask));
	mnl_attr_put_u32(nlh, CTA_MARK_MASK, htonl(mask));
	if (!mnl_nlmsg_batch_next(updates->batch))
		send_batch(updates);
}

int conntrack_updates_finish(struct conntrack_updates *updates)
{
	send_batch(updates);
	return updates->result;
}
