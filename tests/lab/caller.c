/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client of many short connections, each by a socket of its own.
 *
 *   caller [-fu | -j AT_ONCE] [-c COUNT] ADDRESS PORT [WORD …]
 *   caller -l PORT
 *
 *   -u  UDP: a datagram `1`, its echo, and a datagram `2`; else TCP: until the server closes
 *   -f  each by a process of its own, which is forked for it
 *   -j  so many TCP connections at once (caller_many.h); else one after the other
 *   -c  how many; default 1
 *   -l  the server: closes TCP connections at once, until it is killed
 *
 * Further words are for those who look at its command line. It prints one line of JSON: how many
 * were made and failed, the time that all took, and the times of each connect() or echo.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller_many.h"
#include "util/clock.h"

#define TIMEOUT_S 10

struct peer {
	struct sockaddr_storage address;
	socklen_t length;
	int type;
};

static bool read_peer(struct peer *peer, const char *address, const char *port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&peer->address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&peer->address;
	uint16_t number = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = number;
		peer->length = sizeof(*in);
		return true;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = number;
	peer->length = sizeof(*in6);
	return inet_pton(AF_INET6, address, &in6->sin6_addr) == 1;
}

/* A datagram, its echo, and another. */
static bool exchange(int fd)
{
	char byte;
	return send(fd, "1", 1, 0) == 1 && recv(fd, &byte, 1, 0) == 1;
}

/* The time until the connection stands; 0: it failed. */
static uint64_t call(const struct peer *peer)
{
	const struct timeval timeout = {.tv_sec = TIMEOUT_S};
	char byte;
	uint64_t taken_ns = 0;
	int fd = socket(peer->address.ss_family, peer->type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	uint64_t since_ns = clock_monotonic_ns();
	if (connect(fd, (const struct sockaddr *)&peer->address, peer->length) == 0 &&
	    (peer->type == SOCK_STREAM || exchange(fd)))
		taken_ns = clock_monotonic_ns() - since_ns;
	bool is_good =
		peer->type == SOCK_DGRAM ? send(fd, "2", 1, 0) == 1 : recv(fd, &byte, 1, 0) == 0;
	close(fd);
	return is_good ? taken_ns : 0;
}

/* The same by a child; where it writes its time is shared with it. */
static void call_by_child(const struct peer *peer, uint64_t *ret_time_ns)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		*ret_time_ns = call(peer);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		*ret_time_ns = 0;
}

static int listen_at(const char *port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6,
				       .sin6_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 1024)) {
		perror("caller");
		return 1;
	}
	printf("listens\n");
	fflush(stdout);
	for (;;) {
		int peer = accept(fd, NULL, NULL);
		if (peer >= 0)
			close(peer);
	}
}

/* What the options say; times_ns has room for `count`. Returns how many failed. */
static size_t make_calls(const struct peer *peer, size_t count, unsigned at_once, bool forks,
			 uint64_t *times_ns)
{
	size_t failed = 0;
	int error = 0;
	if (at_once)
		error = caller_many((const struct sockaddr *)&peer->address, peer->length, count,
				    at_once, times_ns);
	if (error)
		fprintf(stderr, "caller: %s\n", strerror(-error));
	for (size_t i = 0; i < count && !at_once; i++) {
		if (forks)
			call_by_child(peer, &times_ns[i]);
		else
			times_ns[i] = call(peer);
	}
	for (size_t i = 0; i < count; i++)
		failed += times_ns[i] == 0;
	return failed;
}

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
	return (first > second) - (first < second);
}

int main(int argc, char **argv)
{
	struct peer peer = {.type = SOCK_STREAM};
	size_t count = 1;
	unsigned at_once = 0;
	bool forks = false;
	int option;
	while ((option = getopt(argc, argv, "+fuc:j:l:")) != -1) {
		if (option == 'l')
			return listen_at(optarg);
		else if (option == 'f')
			forks = true;
		else if (option == 'u')
			peer.type = SOCK_DGRAM;
		else if (option == 'j')
			at_once = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'c')
			count = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind < 2 || count == 0 || at_once > CALLER_AT_ONCE_MAX ||
	    !read_peer(&peer, argv[optind], argv[optind + 1])) {
		fprintf(stderr,
			"usage: caller [-fu | -j AT_ONCE] [-c COUNT] ADDRESS PORT [WORD ...]\n");
		return 2;
	}
	uint64_t *times_ns = mmap(NULL, count * sizeof(*times_ns), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (times_ns == MAP_FAILED) {
		perror("caller");
		return 1;
	}
	uint64_t since_ns = clock_monotonic_ns();
	size_t failed = make_calls(&peer, count, at_once, forks, times_ns);
	uint64_t taken_ns = clock_monotonic_ns() - since_ns;
	qsort(times_ns, count, sizeof(*times_ns), compare);
	printf("{\"connections\": %zu, \"failed\": %zu, \"ns\": %" PRIu64
	       ", \"median_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 ", \"most_ns\": %" PRIu64 "}\n",
	       count, failed, taken_ns, times_ns[count / 2], times_ns[count - 1 - count / 100],
	       times_ns[count - 1]);
	return failed ? 1 : 0;
}
