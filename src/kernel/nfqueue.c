/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One queue, one socket, one thread. All memory is taken in nfqueue_open(): a ring of slots that
 * recvmmsg(2) fills, the packets that point into it, and the datagram of verdicts.
 *
 * The order of calls is nfqueue_receive(), nfqueue_answer(), and so on; `unanswered` watches it.
 * The kernel handles what is sent to it within the send call, so what an error message would say
 * is in the receive buffer when send(2) returns. No message asks for an ACK: a verdict that fails
 * answers with NLMSG_ERROR all the same, and no more is needed.
 */
#include <linux/netfilter/nfnetlink_queue.h>

#include "kernel/nfqueue.h"

#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "kernel/nfqueue_message.h"
#include "util/alloc.h"

#define SLOT_BYTES 1024u  /* the copy range, all attributes, and room to spare */
#define SEND_BUFFER 65536 /* a datagram of verdicts must fit whatever the system's default is */

/* What a waiting message costs the receive buffer: sk_buff, its shared info, rounded up. */
#define MESSAGE_TRUESIZE 2048u
#define RECEIVE_BUFFER_MAX (512u << 20)

/* A send that finds no memory: tries at once, then after a rest. */
#define SEND_TRIES_AT_ONCE 16
#define SEND_REST_NS 200000

struct nfqueue {
	struct mnl_socket *socket;
	int fd;
	uint16_t number;
	int buffer_size;
	size_t unanswered; /* of the batch */
	size_t waiting;    /* of earlier batches */
	bool is_empty;     /* the last batch was not full: there was nothing behind it */
	struct nfqueue_counters counters;
	struct nfqueue_packet packets[NFQUEUE_BATCH];
	struct mmsghdr messages[NFQUEUE_BATCH];
	struct iovec parts[NFQUEUE_BATCH];
	char verdicts[NFQUEUE_BATCH * NFQUEUE_VERDICT_BYTES] NFQUEUE_ALIGN;
	char slots[NFQUEUE_BATCH][SLOT_BYTES] NFQUEUE_ALIGN;
};

/* One thread writes, so that no locked instruction is needed. */
static void count(_Atomic uint64_t *counter, uint64_t more)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
	atomic_store_explicit(counter, now + more, memory_order_relaxed);
}

static void prepare_slots(struct nfqueue *queue)
{
	for (size_t i = 0; i < NFQUEUE_BATCH; i++) {
		queue->parts[i] = (struct iovec){queue->slots[i], SLOT_BYTES};
		queue->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &queue->parts[i], .msg_iovlen = 1};
	}
}

/*
 * Room for every packet that the queue can hold, so that the queue is full before the socket is:
 * a full socket takes nothing more until it is empty (netlink_attachskb, NETLINK_S_CONGESTED).
 */
static void size_buffers(struct nfqueue *queue, uint32_t length)
{
	uint64_t wanted = (uint64_t)length * MESSAGE_TRUESIZE;
	int receive = (int)(wanted < RECEIVE_BUFFER_MAX ? wanted : RECEIVE_BUFFER_MAX);
	int send_size = SEND_BUFFER;
	socklen_t size = sizeof(queue->buffer_size);
	/* Without the privilege the limit of the system holds; what was got is said. */
	if (setsockopt(queue->fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive)))
		setsockopt(queue->fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	setsockopt(queue->fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_size, sizeof(send_size));
	if (getsockopt(queue->fd, SOL_SOCKET, SO_RCVBUF, &queue->buffer_size, &size))
		queue->buffer_size = 0;
}

/* Sends one datagram to the kernel, however long that takes. */
static int send_all(struct nfqueue *queue, const void *bytes, size_t length)
{
	const struct timespec rest = {.tv_nsec = SEND_REST_NS};
	for (int tries = 0;; tries++) {
		if (send(queue->fd, bytes, length, 0) >= 0)
			return 0;
		/* All of these come before the kernel has looked at the first message. */
		if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM && errno != EINTR)
			return -errno;
		if (tries < SEND_TRIES_AT_ONCE)
			sched_yield();
		else
			nanosleep(&rest, NULL);
	}
}

/*
 * From now on only the kernel can send to this socket (netlink_getsockbyportid in
 * net/netlink/af_netlink.c), so that nobody need look at the sender of each message.
 */
static int connect_to_kernel(int fd)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	return connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) ? -errno : 0;
}

/*
 * Binds with these flags. A failure leaves an NLMSG_ERROR and no queue; success leaves nothing, or
 * packets, which stay where they are.
 */
static int bind_queue(struct nfqueue *queue, const struct nfqueue_options *options, uint32_t flags)
{
	char request[NFQUEUE_CONFIG_BYTES] NFQUEUE_ALIGN = {0};
	char answer[SLOT_BYTES] NFQUEUE_ALIGN;
	struct nfqueue_packet packet;
	int code = 0;
	int error = send_all(queue, request, nfqueue_message_bind(request, options, flags));
	if (error)
		return error;
	ssize_t received;
	do {
		received = recv(queue->fd, answer, sizeof(answer), MSG_PEEK | MSG_DONTWAIT);
	} while (received < 0 && (errno == EINTR || errno == ENOBUFS));
	if (received < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (nfqueue_message_parse(answer, (size_t)received, &packet, &code) != NFQUEUE_ERROR)
		return 0;
	recv(queue->fd, answer, sizeof(answer), MSG_DONTWAIT);
	return code;
}

/*
 * Without F_GSO the kernel cuts large packets to segments first: slower, but right. Without
 * F_UID_GID the users of local senders are not known.
 */
static int bind_with_flags(struct nfqueue *queue, const struct nfqueue_options *options)
{
	uint32_t needed = options->fail_open ? NFQA_CFG_F_FAIL_OPEN : 0;
	uint32_t wanted = NFQA_CFG_F_UID_GID | (options->segments ? 0 : NFQA_CFG_F_GSO);
	int error = bind_queue(queue, options, needed | wanted);
	if (error == -EOPNOTSUPP)
		error = bind_queue(queue, options, needed);
	return error;
}

/* The kernel says EPERM both to those without the privilege and where the queue has an owner. */
static int explain(uint16_t number, int error, char **ret_why)
{
	struct nfqueue_kernel_figures figures;
	if (error == -EBUSY || (error == -EPERM && !nfqueue_read_figures(number, &figures))) {
		*ret_why = xasprintf("queue %u is used by another program: choose other "
				     "numbers, such as `queue: {first: 100}`",
				     number);
		return -EBUSY;
	}
	if (error == -EPERM)
		*ret_why = xasprintf("queue %u: CAP_NET_ADMIN is needed", number);
	else if (error == -EOPNOTSUPP)
		*ret_why = xasprintf("queue %u: the kernel cannot let packets through while the "
				     "queue is full (NFQA_CFG_F_FAIL_OPEN)",
				     number);
	else
		*ret_why = xasprintf("queue %u: %s", number, strerror(-error));
	return error;
}

struct nfqueue *nfqueue_open(const struct nfqueue_options *options, char **ret_why)
{
	struct nfqueue *queue = xcalloc(1, sizeof(*queue));
	int error;
	queue->number = options->number;
	queue->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!queue->socket) {
		error = -errno;
		goto failed_socket;
	}
	if (mnl_socket_bind(queue->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = -errno;
		goto failed_bind;
	}
	queue->fd = mnl_socket_get_fd(queue->socket);
	error = connect_to_kernel(queue->fd);
	if (error)
		goto failed_bind;
	size_buffers(queue, options->length);
	prepare_slots(queue);
	error = bind_with_flags(queue, options);
	if (!error)
		return queue;
failed_bind:
	mnl_socket_close(queue->socket);
failed_socket:
	free(queue);
	errno = -explain(options->number, error, ret_why);
	return NULL;
}

void nfqueue_close(struct nfqueue *queue)
{
	char request[NFQUEUE_CONFIG_BYTES] NFQUEUE_ALIGN = {0};
	if (!queue)
		return;
	send_all(queue, request, nfqueue_message_unbind(request, queue->number));
	mnl_socket_close(queue->socket);
	free(queue);
}

int nfqueue_fd(const struct nfqueue *queue)
{
	return queue->fd;
}

int nfqueue_buffer_size(const struct nfqueue *queue)
{
	return queue->buffer_size;
}

const struct nfqueue_counters *nfqueue_counters(const struct nfqueue *queue)
{
	return &queue->counters;
}

/* Sorts `received` datagrams; returns how many were packets, which are then in queue->packets. */
static size_t sort_messages(struct nfqueue *queue, size_t received)
{
	size_t packets = 0;
	for (size_t i = 0; i < received; i++) {
		int error = 0;
		switch (nfqueue_message_parse(queue->slots[i], queue->messages[i].msg_len,
					      &queue->packets[packets], &error)) {
		case NFQUEUE_PACKET:
			packets++;
			break;
		case NFQUEUE_ERROR:
			if (error)
				count(&queue->counters.verdict_errors, 1);
			break;
		case NFQUEUE_OTHER:
			break;
		}
	}
	return packets;
}

int nfqueue_receive(struct nfqueue *queue, struct nfqueue_packet **ret_packets)
{
	assert(queue->unanswered == 0);
	if (queue->is_empty) {
		queue->is_empty = false;
		return 0;
	}
	while (queue->unanswered == 0) {
		int received =
			recvmmsg(queue->fd, queue->messages, NFQUEUE_BATCH, MSG_DONTWAIT, NULL);
		if (received < 0 && errno == ENOBUFS) {
			count(&queue->counters.enobufs, 1);
			continue; /* the error is read once; behind it are the packets */
		}
		if (received < 0 && errno == EINTR)
			continue;
		if (received < 0)
			return errno == EAGAIN ? 0 : -errno;
		queue->is_empty = received < NFQUEUE_BATCH;
		queue->unanswered = sort_messages(queue, (size_t)received);
	}
	count(&queue->counters.received, queue->unanswered);
	*ret_packets = queue->packets;
	return (int)queue->unanswered;
}

/* Sends the verdicts of at most NFQUEUE_BATCH packets. */
static int send_verdicts(struct nfqueue *queue, const struct nfqueue_packet *packets,
			 size_t n_packets)
{
	size_t answered = 0;
	for (size_t i = 0; i < n_packets; i++)
		answered += packets[i].answer != NFQUEUE_WAIT;
	if (!answered)
		return 0;
	size_t length = nfqueue_message_verdicts(queue->verdicts, queue->number, packets, n_packets,
						 queue->waiting == 0);
	int error = send_all(queue, queue->verdicts, length);
	if (!error)
		count(&queue->counters.verdicts, answered);
	return error;
}

int nfqueue_answer(struct nfqueue *queue)
{
	assert(queue->unanswered > 0);
	int error = send_verdicts(queue, queue->packets, queue->unanswered);
	for (size_t i = 0; i < queue->unanswered; i++)
		queue->waiting += queue->packets[i].answer == NFQUEUE_WAIT;
	queue->unanswered = 0;
	return error;
}

int nfqueue_answer_waiting(struct nfqueue *queue, const struct nfqueue_packet *packets,
			   size_t n_packets)
{
	struct nfqueue_packet mine[NFQUEUE_BATCH];
	int error = 0;
	for (size_t i = 0; i < n_packets && !error;) {
		size_t n_mine = 0;
		for (; i < n_packets && n_mine < NFQUEUE_BATCH; i++)
			if (packets[i].queue == queue->number)
				mine[n_mine++] = packets[i];
		assert(n_mine <= queue->waiting);
		error = send_verdicts(queue, mine, n_mine);
		queue->waiting -= n_mine;
	}
	return error;
}
