/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/proc_events.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/clock.h"

#define OWN_NAMESPACE "/proc/thread-self/ns/net"
#define WAIT_NS 100000000ull
#define BUFFER_BYTES (4 << 20) /* some ten thousand events, of which each takes 768 */
#define EVENTS_MAX 100000      /* more than the buffer holds */
#define NS_PER_MS 1000000ull

struct proc_events {
	int fd;
};

/* struct cn_msg without its data. */
struct connector_head {
	struct cb_id id;
	uint32_t seq;
	uint32_t ack;
	uint16_t len;
	uint16_t flags;
};
static_assert(sizeof(struct connector_head) == offsetof(struct cn_msg, data), "as in the kernel");

/* A datagram of the connector: one event. */
struct message {
	struct nlmsghdr head;
	struct connector_head connector;
	struct proc_event event;
} __attribute__((packed, aligned(NLMSG_ALIGNTO)));

/* That of init, which may be closed to us, or of kthreadd, which never leaves it. */
static int open_first_namespace(void)
{
	int fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : open("/proc/2/ns/net", O_RDONLY | O_CLOEXEC);
}

/* A socket in the first network namespace; only this thread goes there, and comes back. */
static int open_socket(void)
{
	int fd = -1, saved;
	int own = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
	int first = open_first_namespace();
	bool is_there = own >= 0 && first >= 0 && setns(first, CLONE_NEWNET) == 0;
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	saved = errno;
	if (is_there && setns(own, CLONE_NEWNET) < 0)
		abort(); /* it was left a moment ago with the same right */
	if (own >= 0)
		close(own);
	if (first >= 0)
		close(first);
	errno = saved;
	return fd;
}

/* The answer, which all listeners get, bears `number` + 1 (cn_proc_ack() in the kernel). */
static int send_operation(int fd, enum proc_cn_mcast_op operation, uint32_t number)
{
	struct {
		struct nlmsghdr head;
		struct connector_head connector;
		enum proc_cn_mcast_op operation;
	} __attribute__((packed, aligned(NLMSG_ALIGNTO))) request = {
		.head = {.nlmsg_len = sizeof(request), .nlmsg_type = NLMSG_DONE},
		.connector = {.id = {CN_IDX_PROC, CN_VAL_PROC},
			      .ack = number,
			      .len = sizeof(operation)},
		.operation = operation,
	};
	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int bind_socket(int fd)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	int bytes = BUFFER_BYTES;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static bool has_event(const struct message *message, size_t length)
{
	return length >= offsetof(struct message, event.event_data.fork) +
				 sizeof(message->event.event_data.fork) &&
	       message->connector.id.idx == CN_IDX_PROC && message->connector.id.val == CN_VAL_PROC;
}

/* One message. Its length where there is an event in it; 0 where not; or a negative errno. */
static ssize_t receive(int fd, struct message *message)
{
	struct sockaddr_nl from = {0};
	socklen_t size = sizeof(from);
	ssize_t length;
	do {
		length =
			recvfrom(fd, message, sizeof(*message), 0, (struct sockaddr *)&from, &size);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	/* Only the kernel is believed. */
	return from.nl_pid == 0 && has_event(message, (size_t)length) ? length : 0;
}

/*
 * Events, and answers to others, may come before ours. What is there is read, even where the time
 * is over because this thread had to wait for a processor; but not for ever where others have
 * events told.
 */
static int await_answer(int fd, uint32_t number)
{
	uint64_t end_ns = clock_monotonic_ns() + WAIT_NS, now_ns;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	struct message message;
	unsigned read = 0;
	do {
		ssize_t got = receive(fd, &message);
		now_ns = clock_monotonic_ns();
		if (got > 0 && message.event.what == PROC_EVENT_NONE &&
		    message.connector.ack == number + 1)
			return -(int)message.event.event_data.ack.err;
		if (got < 0 && got != -EAGAIN && got != -ENOBUFS)
			return (int)got;
		if (got == -EAGAIN && now_ns >= end_ns)
			break;
		if (got == -EAGAIN &&
		    poll(&poll_fd, 1, (int)((end_ns - now_ns) / NS_PER_MS) + 1) < 0 &&
		    errno != EINTR)
			return -errno;
	} while (now_ns < end_ns || ++read < EVENTS_MAX);
	return -ETIMEDOUT;
}

struct proc_events *proc_events_open(char **ret_why)
{
	int fd = open_socket();
	int error = fd < 0 ? -errno : bind_socket(fd);
	uint32_t number = (uint32_t)clock_monotonic_ns();
	if (!error)
		error = send_operation(fd, PROC_CN_MCAST_LISTEN, number);
	if (!error)
		error = await_answer(fd, number);
	if (error) {
		*ret_why = error == -ETIMEDOUT
				   ? xstrdup("the proc connector does not answer "
					     "(CONFIG_PROC_EVENTS, or another pid namespace)")
				   : xasprintf("the proc connector cannot be used: %s",
					       strerror(-error));
		if (fd >= 0)
			close(fd);
		errno = -error;
		return NULL;
	}
	struct proc_events *events = xcalloc(1, sizeof(*events));
	events->fd = fd;
	return events;
}

void proc_events_close(struct proc_events *events)
{
	if (!events)
		return;
	send_operation(events->fd, PROC_CN_MCAST_IGNORE, 0);
	close(events->fd);
	free(events);
}

int proc_events_fd(const struct proc_events *events)
{
	return events->fd;
}

/* True with the change where it is one of a whole process. */
static bool read_change(const struct proc_event *event, struct proc_change *ret_change)
{
	switch ((unsigned)event->what) {
	case PROC_EVENT_FORK:
		*ret_change = (struct proc_change){
			.kind = PROC_BEGINS,
			.pid = (uint32_t)event->event_data.fork.child_tgid,
			.parent = (uint32_t)event->event_data.fork.parent_tgid,
		};
		return event->event_data.fork.child_pid == event->event_data.fork.child_tgid;
	case PROC_EVENT_EXEC:
		*ret_change = (struct proc_change){
			.kind = PROC_EXECS,
			.pid = (uint32_t)event->event_data.exec.process_tgid,
		};
		return true;
	case PROC_EVENT_UID:
	case PROC_EVENT_GID:
		*ret_change = (struct proc_change){
			.kind = event->what == PROC_EVENT_UID ? PROC_CHANGES_USER
							      : PROC_CHANGES_GROUP,
			.pid = (uint32_t)event->event_data.id.process_tgid,
			.uid = event->what == PROC_EVENT_UID ? event->event_data.id.e.euid : 0,
		};
		return true;
	case PROC_EVENT_EXIT:
		*ret_change = (struct proc_change){
			.kind = PROC_ENDS,
			.pid = (uint32_t)event->event_data.exit.process_tgid,
		};
		return event->event_data.exit.process_pid == event->event_data.exit.process_tgid;
	}
	return false;
}

bool proc_change_read(const void *bytes, size_t length, struct proc_change *ret_change)
{
	const struct message *message = bytes;
	if (!has_event(message, length))
		return false;
	struct proc_event event = message->event; /* which is aligned there */
	return read_change(&event, ret_change);
}

int proc_events_read(struct proc_events *events, void (*each)(const struct proc_change *, void *),
		     void *data)
{
	struct proc_change change;
	struct message message;
	ssize_t got;
	int result = 0;
	while ((got = receive(events->fd, &message)) != -EAGAIN) {
		if (got == -ENOBUFS)
			result = (int)got;
		else if (got < 0)
			return (int)got;
		else if (proc_change_read(&message, (size_t)got, &change))
			each(&change, data);
	}
	return result;
}
