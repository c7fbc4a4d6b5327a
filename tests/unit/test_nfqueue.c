/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages of an NFQUEUE are built as the kernel builds them, and the other way round; no root. */
#include <linux/netfilter/nfnetlink_queue.h>

#include "kernel/nfqueue_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nfshaper/mark.h"

#define QUEUE 7
#define MAX_VERDICTS 64

static const char payload[100];

/* A packet message as net/netfilter/nfnetlink_queue.c lays it out. */
static struct nlmsghdr *put_packet(void *buffer, uint32_t id)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	struct nfqnl_msg_packet_hdr header = {
		.packet_id = htonl(id), .hw_protocol = htons(0x0800), .hook = NF_INET_FORWARD};
	nlh->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
	nfg->res_id = htons(QUEUE);
	mnl_attr_put(nlh, NFQA_PACKET_HDR, sizeof(header), &header);
	mnl_attr_put_u32(nlh, NFQA_IFINDEX_INDEV, htonl(3));
	mnl_attr_put_u32(nlh, NFQA_IFINDEX_OUTDEV, htonl(4));
	mnl_attr_put_u32(nlh, NFQA_MARK, htonl(99));
	return nlh;
}

/* Parses a heap copy of the exact size, so that a read behind the end is seen. */
static enum nfqueue_message_kind parse_copy(const void *bytes, size_t length,
					    struct nfqueue_packet *packet, int *error)
{
	void *copy = malloc(length ? length : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, length);
	enum nfqueue_message_kind kind = nfqueue_message_parse(copy, length, packet, error);
	if (kind == NFQUEUE_PACKET && packet->captured) {
		assert_true(packet->data > (uint8_t *)copy);
		assert_true(packet->data + packet->captured <= (uint8_t *)copy + length);
	}
	free(copy);
	return kind;
}

static void test_packet_message(void **state)
{
	char buffer[1024] NFQUEUE_ALIGN;
	struct nfqueue_packet packet;
	struct nlmsghdr *nlh = put_packet(buffer, 0xfffffff0);
	int error = 1;
	(void)state;
	mnl_attr_put_u32(nlh, NFQA_CAP_LEN, htonl(65000));
	mnl_attr_put_u32(nlh, NFQA_PRIORITY, htonl(NFSHAPER_ASK_REPLY));
	mnl_attr_put_u32(nlh, NFQA_UID, htonl(1000));
	mnl_attr_put_u32(nlh, NFQA_GID, htonl(100));
	mnl_attr_put_u32(nlh, NFQA_SKB_INFO, htonl(NFQA_SKB_GSO | NFQA_SKB_CSUMNOTREADY));
	mnl_attr_put(nlh, NFQA_PAYLOAD, 5, "abcde");
	assert_int_equal(nfqueue_message_parse(buffer, nlh->nlmsg_len, &packet, &error),
			 NFQUEUE_PACKET);
	assert_int_equal(packet.packet_id, 0xfffffff0);
	assert_int_equal(packet.hook, NF_INET_FORWARD);
	assert_int_equal(packet.iif, 3);
	assert_int_equal(packet.oif, 4);
	assert_int_equal(packet.mark, 99);
	assert_int_equal(packet.captured, 5);
	assert_memory_equal(packet.data, "abcde", 5);
	assert_int_equal(packet.length, 65000);
	assert_true(packet.is_gso);
	assert_int_equal(packet.answer, 0);
	assert_int_equal(packet.asked, NFSHAPER_ASK_REPLY);
	assert_int_equal(packet.uid, 1000);
	assert_int_equal(packet.gid, 100);
	assert_int_equal(packet.queue, QUEUE);
	assert_int_equal(error, 1);
}

static void test_whole_copy_has_its_length(void **state)
{
	char buffer[1024] NFQUEUE_ALIGN;
	struct nfqueue_packet packet;
	struct nlmsghdr *nlh = put_packet(buffer, 1);
	int error;
	(void)state;
	mnl_attr_put_u32(nlh, NFQA_SKB_INFO, htonl(NFQA_SKB_CSUMNOTREADY));
	mnl_attr_put(nlh, NFQA_PAYLOAD, 28, payload);
	assert_int_equal(nfqueue_message_parse(buffer, nlh->nlmsg_len, &packet, &error),
			 NFQUEUE_PACKET);
	assert_int_equal(packet.length, 28);
	assert_false(packet.is_gso);
	assert_int_equal(packet.uid, NFQUEUE_NO_UID);
	assert_int_equal(packet.gid, NFQUEUE_NO_UID);
}

/* A message cut at any byte is a packet as soon as its id is there. */
static void test_cut_messages(void **state)
{
	char buffer[1024] NFQUEUE_ALIGN;
	struct nfqueue_packet packet;
	struct nlmsghdr *nlh = put_packet(buffer, 42);
	const size_t id_end = MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg) + MNL_ATTR_HDRLEN +
			      sizeof(struct nfqnl_msg_packet_hdr);
	int error;
	(void)state;
	mnl_attr_put(nlh, NFQA_PAYLOAD, 100, payload);
	for (size_t length = 0; length <= nlh->nlmsg_len; length++) {
		packet.packet_id = 0;
		enum nfqueue_message_kind kind = parse_copy(buffer, length, &packet, &error);
		assert_int_equal(kind, length < id_end ? NFQUEUE_OTHER : NFQUEUE_PACKET);
		assert_int_equal(packet.packet_id, length < id_end ? 0 : 42);
		if (kind == NFQUEUE_PACKET)
			assert_int_equal(packet.captured, length < nlh->nlmsg_len ? 0 : 100);
	}
}

static void test_odd_attributes(void **state)
{
	char buffer[1024] NFQUEUE_ALIGN;
	struct nfqueue_packet packet;
	struct nlmsghdr *nlh = put_packet(buffer, 42);
	struct nlattr *broken;
	int error;
	(void)state;
	mnl_attr_put(nlh, NFQA_IFINDEX_INDEV, 2, "xx"); /* too short for an index */
	mnl_attr_put(nlh, 200, 4, "unknown");
	mnl_attr_put(nlh, NFQA_CAP_LEN, 0, NULL);
	broken = mnl_nlmsg_get_payload_tail(nlh);
	mnl_attr_put_u32(nlh, NFQA_SKB_INFO, htonl(NFQA_SKB_GSO));
	broken->nla_len = 1; /* shorter than its own header: what follows is lost */
	assert_int_equal(parse_copy(buffer, nlh->nlmsg_len, &packet, &error), NFQUEUE_PACKET);
	assert_int_equal(packet.packet_id, 42);
	assert_int_equal(packet.iif, 0);
	assert_int_equal(packet.oif, 4);
	assert_int_equal(packet.length, 0);
	assert_null(packet.data);
	assert_false(packet.is_gso);
}

static void test_errors_are_no_packets(void **state)
{
	char buffer[256] NFQUEUE_ALIGN;
	struct nfqueue_packet packet;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nlmsgerr *answer = mnl_nlmsg_put_extra_header(nlh, sizeof(*answer));
	int error = 1;
	(void)state;
	nlh->nlmsg_type = NLMSG_ERROR;
	answer->error = -ENOENT;
	assert_int_equal(parse_copy(buffer, nlh->nlmsg_len, &packet, &error), NFQUEUE_ERROR);
	assert_int_equal(error, -ENOENT);
	assert_int_equal(parse_copy(buffer, MNL_NLMSG_HDRLEN, &packet, &error), NFQUEUE_OTHER);
	nlh->nlmsg_type = NFNL_SUBSYS_ULOG << 8;
	assert_int_equal(parse_copy(buffer, nlh->nlmsg_len, &packet, &error), NFQUEUE_OTHER);
}

/* Reads verdict message `nlh`, which has to have the id and nothing but what belongs there. */
static uint32_t read_verdict(const struct nlmsghdr *nlh, uint16_t type, uint32_t *ret_id)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nfqnl_msg_verdict_hdr *header = NULL;
	const struct nlattr *attr;
	uint32_t priority = 0;
	assert_int_equal(nlh->nlmsg_type, NFNL_SUBSYS_QUEUE << 8 | type);
	assert_true(nlh->nlmsg_flags & NLM_F_REQUEST);
	assert_false(nlh->nlmsg_flags & NLM_F_ACK);
	assert_int_equal(ntohs(nfg->res_id), QUEUE);
	mnl_attr_for_each (attr, nlh, sizeof(*nfg)) {
		if (mnl_attr_get_type(attr) == NFQA_VERDICT_HDR)
			header = mnl_attr_get_payload(attr);
		else if (mnl_attr_get_type(attr) == NFQA_PRIORITY)
			priority = ntohl(mnl_attr_get_u32(attr));
		else
			fail_msg("attribute %u", mnl_attr_get_type(attr));
	}
	assert_non_null(header);
	*ret_id = ntohl(header->id);
	if (ntohl(header->verdict) == NF_DROP && !priority)
		return NFQUEUE_DROP;
	assert_int_equal(ntohl(header->verdict), NF_ACCEPT);
	return priority;
}

static void test_verdicts(void **state)
{
	static const uint32_t answers[] = {0,
					   NFSHAPER_PRIORITY | 1,
					   NFSHAPER_PRIORITY | 0xffff,
					   NFSHAPER_ANSWER_REJECT,
					   NFQUEUE_DROP,
					   7};
	struct nfqueue_packet packets[MAX_VERDICTS] = {0};
	char *buffer = malloc(MAX_VERDICTS * NFQUEUE_VERDICT_BYTES);
	(void)state;
	assert_non_null(buffer);
	for (uint32_t i = 0; i < MAX_VERDICTS; i++) {
		packets[i].packet_id = 0xfffffffa + i; /* wraps around */
		packets[i].answer = answers[i % 6];
	}
	int left = (int)nfqueue_message_verdicts(buffer, QUEUE, packets, MAX_VERDICTS, true);
	assert_true(left <= (int)(MAX_VERDICTS * NFQUEUE_VERDICT_BYTES));
	const struct nlmsghdr *nlh = (const void *)buffer;
	for (uint32_t i = 0; i < MAX_VERDICTS; i++) {
		uint32_t id = 0;
		assert_true(mnl_nlmsg_ok(nlh, left));
		assert_int_equal(read_verdict(nlh, NFQNL_MSG_VERDICT, &id), answers[i % 6]);
		assert_int_equal(id, packets[i].packet_id);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	assert_int_equal(left, 0);
	/* The last message needs no room behind it. */
	assert_int_equal(
		nfqueue_message_verdicts(buffer + (MAX_VERDICTS - 1) * NFQUEUE_VERDICT_BYTES, QUEUE,
					 packets + 1, 1, true),
		NFQUEUE_VERDICT_BYTES);
	free(buffer);
}

/* A run of at most eight equal answers is one message, which answers all up to its last packet. */
static void test_verdict_runs(void **state)
{
	static const uint32_t answers[] = {3, 3, 3, 0, 3, NFQUEUE_DROP, NFQUEUE_DROP, 5, 5, 5, 5, 5,
					   5, 5, 5, 5, 5};
	static const struct {
		uint32_t last, priority;
		uint16_t type;
	} wanted[] = {
		{2, 3, NFQNL_MSG_VERDICT_BATCH},  {3, 0, NFQNL_MSG_VERDICT},
		{4, 3, NFQNL_MSG_VERDICT},        {6, NFQUEUE_DROP, NFQNL_MSG_VERDICT_BATCH},
		{14, 5, NFQNL_MSG_VERDICT_BATCH}, {16, 5, NFQNL_MSG_VERDICT_BATCH},
	};
	struct nfqueue_packet packets[17] = {0};
	char buffer[17 * NFQUEUE_VERDICT_BYTES] NFQUEUE_ALIGN;
	(void)state;
	for (uint32_t i = 0; i < 17; i++) {
		packets[i].packet_id = 0xfffffffe + i; /* wraps around */
		packets[i].answer = answers[i];
	}
	int left = (int)nfqueue_message_verdicts(buffer, QUEUE, packets, 17, true);
	const struct nlmsghdr *nlh = (const void *)buffer;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		uint32_t id = 0;
		assert_true(mnl_nlmsg_ok(nlh, left));
		assert_int_equal(read_verdict(nlh, wanted[i].type, &id), wanted[i].priority);
		assert_int_equal(id, packets[wanted[i].last].packet_id);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	assert_int_equal(left, 0);
}

/*
 * Who waits has no verdict, and what comes behind it has one of its own: a verdict for all up to an
 * id would be one for it, too.
 */
static void test_waiting(void **state)
{
	static const uint32_t answers[] = {3, 3, NFQUEUE_WAIT, 3, 3, NFQUEUE_WAIT, NFQUEUE_WAIT};
	static const struct {
		uint32_t last;
		uint16_t type;
	} wanted[] = {
		{1, NFQNL_MSG_VERDICT_BATCH},
		{3, NFQNL_MSG_VERDICT},
		{4, NFQNL_MSG_VERDICT},
	};
	struct nfqueue_packet packets[7] = {0};
	char buffer[7 * NFQUEUE_VERDICT_BYTES] NFQUEUE_ALIGN;
	uint32_t id = 0;
	(void)state;
	for (uint32_t i = 0; i < 7; i++) {
		packets[i].packet_id = 10 + i;
		packets[i].answer = answers[i];
	}
	int left = (int)nfqueue_message_verdicts(buffer, QUEUE, packets, 7, true);
	const struct nlmsghdr *nlh = (const void *)buffer;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(mnl_nlmsg_ok(nlh, left));
		assert_int_equal(read_verdict(nlh, wanted[i].type, &id), 3);
		assert_int_equal(id, packets[wanted[i].last].packet_id);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	assert_int_equal(left, 0);
	/* Where an earlier one waits, the first two have verdicts of their own as well. */
	left = (int)nfqueue_message_verdicts(buffer, QUEUE, packets, 2, false);
	nlh = (const void *)buffer;
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(mnl_nlmsg_ok(nlh, left));
		assert_int_equal(read_verdict(nlh, NFQNL_MSG_VERDICT, &id), 3);
		assert_int_equal(id, packets[i].packet_id);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	assert_int_equal(left, 0);
}

static const struct nlattr *find(const void *message, uint16_t type)
{
	const struct nlattr *attr;
	mnl_attr_for_each (attr, (const struct nlmsghdr *)message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static void test_bind_message(void **state)
{
	const struct nfqueue_options options = {.number = QUEUE, .length = 4096};
	char buffer[NFQUEUE_CONFIG_BYTES] NFQUEUE_ALIGN;
	struct nfqnl_msg_config_params params;
	(void)state;
	size_t length = nfqueue_message_bind(buffer, &options, NFQA_CFG_F_GSO);
	assert_true(length <= sizeof(buffer));
	memcpy(&params, mnl_attr_get_payload(find(buffer, NFQA_CFG_PARAMS)), sizeof(params));
	assert_int_equal(params.copy_mode, NFQNL_COPY_PACKET);
	assert_int_equal(ntohl(params.copy_range), NFQUEUE_COPY_RANGE);
	assert_int_equal(ntohl(mnl_attr_get_u32(find(buffer, NFQA_CFG_QUEUE_MAXLEN))), 4096);
	assert_int_equal(ntohl(mnl_attr_get_u32(find(buffer, NFQA_CFG_FLAGS))), NFQA_CFG_F_GSO);
	assert_int_equal(ntohl(mnl_attr_get_u32(find(buffer, NFQA_CFG_MASK))), NFQA_CFG_F_GSO);
	nfqueue_message_bind(buffer, &options, 0);
	assert_null(find(buffer, NFQA_CFG_FLAGS));
	assert_null(find(buffer, NFQA_CFG_MASK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_message),
		cmocka_unit_test(test_whole_copy_has_its_length),
		cmocka_unit_test(test_cut_messages),
		cmocka_unit_test(test_odd_attributes),
		cmocka_unit_test(test_errors_are_no_packets),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_verdict_runs),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_bind_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
