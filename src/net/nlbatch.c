/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/nlbatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "util/alloc.h"

#define MESSAGE_ROOM 65536
#define ANSWER_ROOM 65536
#define RECEIVE_BUFFER (16 * 1024 * 1024)

struct nl_batch {
	char *bytes;
	size_t used; /* bytes of the messages that are closed */
	size_t capacity;
	const char **what; /* one for each message */
	size_t count;
	size_t what_capacity;
};

struct mnl_socket *nl_open(int protocol)
{
	return nl_open_as(protocol, MNL_SOCKET_AUTOPID);
}

static int bind_to(struct mnl_socket *socket, uint32_t port)
{
	if (mnl_socket_bind(socket, 0, (pid_t)port) == 0)
		return 0;
	return errno == EADDRINUSE ? mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) : -1;
}

struct mnl_socket *nl_open_as(int protocol, uint32_t port)
{
	struct mnl_socket *socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	int on = 1, size = RECEIVE_BUFFER;
	if (!socket)
		return NULL;
	if (bind_to(socket, port) < 0) {
		int saved = errno;
		mnl_socket_close(socket);
		errno = saved;
		return NULL;
	}
	/* Both only make things better: the words of an error, room for many acknowledgements. */
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return socket;
}

/* Any thread: each has sockets of its own, but all have this. */
static uint32_t next_sequence(void)
{
	static _Atomic uint32_t sequence;
	uint32_t none = 0;
	atomic_compare_exchange_strong(&sequence, &none, (uint32_t)time(NULL));
	return atomic_fetch_add(&sequence, 1) + 1;
}

/* Copies the kernel's words out of an NLMSG_ERROR (NLMSGERR_ATTR_MSG). */
static void read_message(const struct nlmsghdr *nlh, struct nl_error *error)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	size_t offset = sizeof(*err);
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += err->msg.nlmsg_len - mnl_nlmsg_size(0);
	mnl_attr_for_each (attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(error->message, sizeof(error->message), "%s",
				 mnl_attr_get_str(attr));
	}
}

static int error_code(const struct nlmsghdr *nlh, struct nl_error *error, const char *what)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
		return -EBADMSG;
	if (err->error && error && !error->code) {
		*error = (struct nl_error){.code = err->error, .what = what};
		read_message(nlh, error);
	}
	return err->error;
}

/* Handles one message of the answer: 1 to go on, 0 at the end, negative errno. */
static int answer(const struct nlmsghdr *nlh, mnl_cb_t each, void *data, struct nl_error *error)
{
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return error_code(nlh, error, NULL);
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EINTR;
	if (nlh->nlmsg_type == NLMSG_DONE) {
		int code = mnl_nlmsg_get_payload_len(nlh) >= sizeof(int)
				   ? *(int *)mnl_nlmsg_get_payload(nlh)
				   : 0;
		return code < 0 ? code : 0;
	}
	if (!each)
		return 1;
	errno = 0;
	return each(nlh, data) >= MNL_CB_STOP ? 1 : -(errno ? errno : EINVAL);
}

int nl_request(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t each, void *data,
	       struct nl_error *error)
{
	uint32_t sequence = request->nlmsg_seq = next_sequence();
	char *buffer = xcalloc(1, ANSWER_ROOM);
	int result = 1;
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (error)
		*error = (struct nl_error){0};
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		result = -errno;
	while (result > 0) {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, ANSWER_ROOM);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			result = -errno;
		int left = (int)length;
		for (struct nlmsghdr *nlh = (struct nlmsghdr *)buffer;
		     result > 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			if (nlh->nlmsg_seq == sequence)
				result = answer(nlh, each, data, error);
	}
	free(buffer);
	if (error && result && !error->code)
		error->code = result;
	return result;
}

struct nl_batch *nl_batch_new(void)
{
	return xcalloc(1, sizeof(struct nl_batch));
}

void nl_batch_free(struct nl_batch *batch)
{
	if (!batch)
		return;
	free(batch->bytes);
	free(batch->what);
	free(batch);
}

/* Counts the message that was built last. */
static void close_message(struct nl_batch *batch)
{
	const struct nlmsghdr *nlh = (struct nlmsghdr *)(batch->bytes + batch->used);
	if (batch->bytes && batch->used < batch->capacity && nlh->nlmsg_len) {
		batch->used += MNL_ALIGN(nlh->nlmsg_len);
		batch->count++;
	}
}

void *nl_batch_next(struct nl_batch *batch, const char *what)
{
	if (batch->bytes)
		close_message(batch);
	if (batch->capacity - batch->used < MESSAGE_ROOM || !batch->bytes) {
		batch->capacity = batch->capacity * 2 + MESSAGE_ROOM;
		batch->bytes = xreallocarray(batch->bytes, batch->capacity, 1);
	}
	memset(batch->bytes + batch->used, 0, MESSAGE_ROOM);
	batch->what =
		array_grow(batch->what, batch->count, &batch->what_capacity, sizeof(*batch->what));
	batch->what[batch->count] = what;
	return batch->bytes + batch->used;
}

static void put_boundary(void *buffer, uint16_t type, uint16_t subsystem, uint32_t sequence)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = sequence;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(subsystem);
}

/* Numbers the messages from `first`; the kernel acknowledges each of them. */
static void number_messages(struct nl_batch *batch, uint32_t first)
{
	char *at = batch->bytes;
	for (size_t i = 0; i < batch->count; i++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)at;
		nlh->nlmsg_seq = first + (uint32_t)i;
		nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
		at += MNL_ALIGN(nlh->nlmsg_len);
	}
}

static int send_batch(struct nl_batch *batch, struct mnl_socket *socket, uint16_t subsystem,
		      uint32_t begin_sequence)
{
	char begin[64] __attribute__((aligned(8))) = {0}, end[64] __attribute__((aligned(8))) = {0};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	put_boundary(begin, NFNL_MSG_BATCH_BEGIN, subsystem, begin_sequence);
	put_boundary(end, NFNL_MSG_BATCH_END, subsystem,
		     begin_sequence + (uint32_t)batch->count + 1);
	struct iovec parts[] = {
		{begin, ((struct nlmsghdr *)begin)->nlmsg_len},
		{batch->bytes, batch->used},
		{end, ((struct nlmsghdr *)end)->nlmsg_len},
	};
	struct msghdr message = {.msg_name = &kernel,
				 .msg_namelen = sizeof(kernel),
				 .msg_iov = parts,
				 .msg_iovlen = 3};
	int size = (int)batch->used * 2 + MESSAGE_ROOM;
	/* The whole transaction is one datagram: it must fit the send buffer. */
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return sendmsg(mnl_socket_get_fd(socket), &message, 0) < 0 ? -errno : 0;
}

/* Reads answers until the last message has one; the first error is kept. */
static int read_answers(struct nl_batch *batch, struct mnl_socket *socket, uint32_t begin_sequence,
			struct nl_error *error)
{
	char *buffer = xcalloc(1, ANSWER_ROOM);
	int result = 0;
	bool done = false;
	while (!done) {
		/* The kernel answers while it is sent to: what is not there now was lost. */
		ssize_t length = recv(mnl_socket_get_fd(socket), buffer, ANSWER_ROOM, MSG_DONTWAIT);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0) {
			result = result ? result : errno == EAGAIN ? -ENOBUFS : -errno;
			break;
		}
		int left = (int)length;
		for (struct nlmsghdr *nlh = (struct nlmsghdr *)buffer; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			uint32_t index = nlh->nlmsg_seq - begin_sequence - 1;
			bool ours = index < batch->count;
			if (nlh->nlmsg_type != NLMSG_ERROR || (!ours && index != UINT32_MAX))
				continue;
			int code = error_code(nlh, error, ours ? batch->what[index] : "batch");
			result = result ? result : code;
			/* An error of the batch as a whole is reported on its begin message. */
			done |= index + 1 == batch->count || !ours;
		}
	}
	free(buffer);
	return result;
}

int nl_batch_commit(struct nl_batch *batch, struct mnl_socket *socket, uint16_t subsystem,
		    struct nl_error *error)
{
	uint32_t begin_sequence = next_sequence();
	if (error)
		*error = (struct nl_error){0};
	if (batch->bytes)
		close_message(batch);
	if (batch->count == 0)
		return 0;
	number_messages(batch, begin_sequence + 1);
	for (size_t i = 0; i <= batch->count; i++)
		next_sequence();
	int result = send_batch(batch, socket, subsystem, begin_sequence);
	if (!result)
		result = read_answers(batch, socket, begin_sequence, error);
	if (error && result && !error->code)
		error->code = result;
	return result;
}
