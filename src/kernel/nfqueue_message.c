/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's header comes first: libnetfilter_queue's older copy has the same guard. */
#include <linux/netfilter/nfnetlink_queue.h>

#include "kernel/nfqueue_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Packets of one verdict. Measured: with 64 the senders of new connections have 2 to 3 % less. */
#define VERDICT_BATCH_MAX 8

size_t nfqueue_message_bind(void *buffer, const struct nfqueue_options *options, uint32_t flags)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, options->number);
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, NFQUEUE_COPY_RANGE);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, options->length);
	if (flags) {
		mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
		mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(flags));
	}
	return nlh->nlmsg_len;
}

size_t nfqueue_message_unbind(void *buffer, uint16_t number)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, number);
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_UNBIND);
	return nlh->nlmsg_len;
}

/* A 32-bit attribute, 0 where its size is wrong. */
static uint32_t get_u32(const struct nlattr *attr)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(uint32_t))
		return 0;
	return ntohl(mnl_attr_get_u32(attr));
}

/* The ports of a bridge. */
struct ports {
	uint32_t in;
	uint32_t out;
};

/* True where it held the packet's id. */
static bool read_attribute(const struct nlattr *attr, struct nfqueue_packet *packet,
			   struct ports *ports)
{
	struct nfqnl_msg_packet_hdr header;
	switch (mnl_attr_get_type(attr)) {
	case NFQA_PACKET_HDR:
		if (mnl_attr_get_payload_len(attr) < sizeof(header))
			return false;
		memcpy(&header, mnl_attr_get_payload(attr), sizeof(header));
		packet->packet_id = ntohl(header.packet_id);
		packet->hook = header.hook;
		return true;
	case NFQA_MARK:
		packet->mark = get_u32(attr);
		break;
	case NFQA_PRIORITY:
		packet->asked = get_u32(attr);
		break;
	case NFQA_UID:
		packet->uid = get_u32(attr);
		break;
	case NFQA_GID:
		packet->gid = get_u32(attr);
		break;
	case NFQA_IFINDEX_INDEV:
		packet->iif = get_u32(attr);
		break;
	case NFQA_IFINDEX_OUTDEV:
		packet->oif = get_u32(attr);
		break;
	case NFQA_IFINDEX_PHYSINDEV:
		ports->in = get_u32(attr);
		break;
	case NFQA_IFINDEX_PHYSOUTDEV:
		ports->out = get_u32(attr);
		break;
	case NFQA_PAYLOAD:
		packet->data = mnl_attr_get_payload(attr);
		packet->captured = mnl_attr_get_payload_len(attr);
		break;
	case NFQA_CAP_LEN:
		packet->length = get_u32(attr);
		break;
	case NFQA_SKB_INFO:
		packet->is_gso = get_u32(attr) & NFQA_SKB_GSO;
		break;
	}
	return false;
}

static enum nfqueue_message_kind parse_packet(const struct nlmsghdr *nlh, size_t received,
					      struct nfqueue_packet *ret_packet)
{
	const size_t head = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg));
	struct nfqueue_packet packet = {.uid = NFQUEUE_NO_UID, .gid = NFQUEUE_NO_UID};
	struct ports ports = {0};
	bool has_id = false;
	if (received < head)
		return NFQUEUE_OTHER;
	const struct nfgenmsg *family = (const void *)((const char *)nlh + MNL_NLMSG_HDRLEN);
	const struct nlattr *attr = (const void *)((const char *)nlh + head);
	int left = (int)(received - head);
	packet.queue = ntohs(family->res_id);
	/* libmnl's own loop trusts nlmsg_len; this one also ends where the bytes do. */
	while (mnl_attr_ok(attr, left)) {
		has_id |= read_attribute(attr, &packet, &ports);
		left -= MNL_ALIGN(attr->nla_len);
		attr = mnl_attr_next(attr);
	}
	/* NFQA_CAP_LEN is there only where not all of the packet was copied. */
	if (packet.length < packet.captured)
		packet.length = packet.captured;
	/* A routed packet has one of them at most. */
	packet.is_bridged = ports.in && ports.out;
	if (!has_id)
		return NFQUEUE_OTHER;
	*ret_packet = packet;
	return NFQUEUE_PACKET;
}

enum nfqueue_message_kind nfqueue_message_parse(const void *datagram, size_t received,
						struct nfqueue_packet *ret_packet, int *ret_error)
{
	const struct nlmsghdr *nlh = datagram;
	if (received < sizeof(*nlh))
		return NFQUEUE_OTHER;
	if (received > nlh->nlmsg_len)
		received = nlh->nlmsg_len;
	if (nlh->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return parse_packet(nlh, received, ret_packet);
	if (nlh->nlmsg_type != NLMSG_ERROR || received < MNL_NLMSG_HDRLEN + sizeof(int))
		return NFQUEUE_OTHER;
	*ret_error = ((const struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error;
	return NFQUEUE_ERROR;
}

/*
 * How many packets from the first one on have the same answer and go into one verdict. The kernel
 * holds the queue's lock while it takes all of them out of its list (nfqnl_recv_verdict_batch in
 * net/netfilter/nfnetlink_queue.c), and the senders' processors wait for it.
 */
static size_t run_length(const struct nfqueue_packet *packets, size_t count)
{
	size_t length = 1;
	if (count > VERDICT_BATCH_MAX)
		count = VERDICT_BATCH_MAX;
	while (length < count && packets[length].answer == packets[0].answer)
		length++;
	return length;
}

size_t nfqueue_message_verdicts(void *buffer, uint16_t number, const struct nfqueue_packet *packets,
				size_t count, bool in_batches)
{
	size_t used = 0, run;
	for (size_t i = 0; i < count; i += run) {
		const struct nfqueue_packet *last = &packets[i];
		uint32_t answer = last->answer;
		run = 1;
		if (answer == NFQUEUE_WAIT) {
			in_batches = false;
			continue;
		}
		if (in_batches)
			run = run_length(&packets[i], count - i);
		last += run - 1;
		struct nlmsghdr *nlh = nfq_nlmsg_put(
			(char *)buffer + used,
			run > 1 ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT, number);
		nfq_nlmsg_verdict_put(nlh, (int)last->packet_id,
				      answer == NFQUEUE_DROP ? NF_DROP : NF_ACCEPT);
		if (answer && answer != NFQUEUE_DROP)
			mnl_attr_put_u32(nlh, NFQA_PRIORITY, htonl(answer));
		used += nlh->nlmsg_len;
	}
	return used;
}
