/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "caller_many.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "util/clock.h"

#define TIMEOUT_MS 10000

/* One connection on its way. */
struct call {
	int fd;
	uint64_t since_ns;
	uint64_t taken_ns; /* 0: it does not stand yet */
};

struct calls {
	const struct sockaddr *peer;
	socklen_t length;
	int epoll;
	size_t begun;
	size_t ended;
	uint64_t *times_ns;
	struct call all[CALLER_AT_ONCE_MAX];
};

/* 0, or a negative errno; a connection that is refused at once is an event, too. */
static int begin(struct calls *calls, struct call *call)
{
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = call};
	int fd = socket(calls->peer->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	*call = (struct call){.fd = fd, .since_ns = clock_monotonic_ns()};
	calls->begun++;
	if ((connect(fd, calls->peer, calls->length) && errno != EINPROGRESS) ||
	    epoll_ctl(calls->epoll, EPOLL_CTL_ADD, fd, &event)) {
		int error = -errno;
		close(fd);
		return error;
	}
	return 0;
}

/* It stands, or not: waits for its end from now on. True if that is here. */
static bool stands(struct calls *calls, struct call *call)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = call};
	int error = 0;
	socklen_t length = sizeof(error);
	if (getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &error, &length) || error)
		return true;
	call->taken_ns = clock_monotonic_ns() - call->since_ns;
	epoll_ctl(calls->epoll, EPOLL_CTL_MOD, call->fd, &event);
	return false;
}

static bool is_at_end(struct calls *calls, struct call *call)
{
	char byte;
	if (!call->taken_ns)
		return stands(calls, call);
	if (read(call->fd, &byte, 1) != 0)
		call->taken_ns = 0;
	return true;
}

/* One event; in the place of what has ended the next begins. */
static int handle(struct calls *calls, struct call *call, size_t count)
{
	if (!is_at_end(calls, call))
		return 0;
	close(call->fd);
	calls->times_ns[calls->ended++] = call->taken_ns;
	return calls->begun < count ? begin(calls, call) : 0;
}

static int run(struct calls *calls, size_t count, unsigned at_once)
{
	struct epoll_event events[64];
	int error = 0;
	while (!error && calls->begun < count && calls->begun < at_once)
		error = begin(calls, &calls->all[calls->begun]);
	while (!error && calls->ended < count) {
		int found = epoll_wait(calls->epoll, events, 64, TIMEOUT_MS);
		if (found == 0)
			error = -ETIMEDOUT;
		else if (found < 0 && errno != EINTR)
			error = -errno;
		for (int i = 0; i < found && !error; i++)
			error = handle(calls, events[i].data.ptr, count);
	}
	return error;
}

int caller_many(const struct sockaddr *peer, socklen_t length, size_t count, unsigned at_once,
		uint64_t *times_ns)
{
	struct calls calls = {.peer = peer, .length = length, .times_ns = times_ns};
	calls.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (calls.epoll < 0)
		return -errno;
	int error = run(&calls, count, at_once);
	close(calls.epoll);
	return error;
}
