/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client of many short connections, one after the other, each by a socket of its own.
 *
 *   caller [-u] [-c COUNT] ADDRESS PORT [WORD …]
 *
 *   -u  UDP: a datagram `1`, its echo, and a datagram `2`; else TCP: until the server closes
 *   -c  how many; default 1
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
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util/alloc.h"
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

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
	return (first > second) - (first < second);
}

int main(int argc, char **argv)
{
	struct peer peer = {.type = SOCK_STREAM};
	size_t count = 1, failed = 0;
	int option;
	while ((option = getopt(argc, argv, "+uc:")) != -1) {
		if (option == 'u')
			peer.type = SOCK_DGRAM;
		else if (option == 'c')
			count = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind < 2 || count == 0 || !read_peer(&peer, argv[optind], argv[optind + 1])) {
		fprintf(stderr, "usage: caller [-u] [-c COUNT] ADDRESS PORT [WORD ...]\n");
		return 2;
	}
	uint64_t *times_ns = xcalloc(count, sizeof(*times_ns));
	uint64_t since_ns = clock_monotonic_ns();
	for (size_t i = 0; i < count; i++) {
		times_ns[i] = call(&peer);
		failed += times_ns[i] == 0;
	}
	uint64_t taken_ns = clock_monotonic_ns() - since_ns;
	qsort(times_ns, count, sizeof(*times_ns), compare);
	printf("{\"connections\": %zu, \"failed\": %zu, \"ns\": %" PRIu64
	       ", \"median_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 ", \"most_ns\": %" PRIu64 "}\n",
	       count, failed, taken_ns, times_ns[count / 2], times_ns[count - 1 - count / 100],
	       times_ns[count - 1]);
	free(times_ns);
	return failed ? 1 : 0;
}
