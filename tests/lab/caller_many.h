/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many TCP connections at once by one thread, as of a browser or a crawler. */
#ifndef TESTS_LAB_CALLER_MANY_H
#define TESTS_LAB_CALLER_MANY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define CALLER_AT_ONCE_MAX 512

/*
 * Makes `count` connections, at most `at_once` (1 … CALLER_AT_ONCE_MAX) of them on their way, each
 * until the server closes it. times_ns[i] is the time of a connect(), 0: it failed. Returns 0, or a
 * negative errno where nothing more could be tried; then the rest is 0.
 */
int caller_many(const struct sockaddr *peer, socklen_t length, size_t count, unsigned at_once,
		uint64_t *times_ns);

#endif
