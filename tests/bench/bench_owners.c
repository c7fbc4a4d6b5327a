/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_owners: what the owner of a connection costs, at each level, with 500 other processes. The
 * connections are this process's own, over loopback. Medians in microseconds.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "owner/owners.h"
#include "util/alloc.h"
#include "util/clock.h"

#define CROWD 500
#define ROUNDS 2000
#define NS_PER_US 1000.0

static pid_t crowd[CROWD];

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void gather(void)
{
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = fork();
		if (crowd[i] < 0)
			die("fork");
		if (crowd[i] == 0) {
			pause();
			_exit(0);
		}
	}
}

static void disperse(void)
{
	for (int i = 0; i < CROWD; i++) {
		kill(crowd[i], SIGKILL);
		waitpid(crowd[i], NULL, 0);
	}
}

static int listen_here(struct sockaddr_in *ret_address)
{
	socklen_t size = sizeof(*ret_address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	*ret_address = (struct sockaddr_in){.sin_family = AF_INET,
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (struct sockaddr *)ret_address, size) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)ret_address, &size))
		die("a listening socket");
	return fd;
}

/* A new connection to that address, as it would be asked about. */
static int connect_to(const struct sockaddr_in *address, struct owner_query *ret_query)
{
	struct sockaddr_in local;
	socklen_t size = sizeof(local);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)address, size) ||
	    getsockname(fd, (struct sockaddr *)&local, &size))
		die("a connection");
	*ret_query = (struct owner_query){
		.proto = IPPROTO_TCP,
		.is_queued = true,
		.has_uid = true,
		.has_gid = true,
		.uid = getuid(),
		.gid = getgid(),
		.laddr = addr_from_bytes(AF_INET, &local.sin_addr),
		.raddr = addr_from_bytes(AF_INET, &address->sin_addr),
		.lport = ntohs(local.sin_port),
		.rport = ntohs(address->sin_port),
	};
	return fd;
}

/* Nanoseconds of one question. */
static uint64_t ask(struct owner_finder *finder, const struct owner_query *query,
		    enum owner_level level)
{
	uint64_t begin_ns = clock_monotonic_ns();
	struct owner owner;
	struct owner_result result;
	if (owners_find(finder, query, level, &owner) == OWNER_LATER) {
		struct pollfd fd = {.fd = owner_finder_fd(finder), .events = POLLIN};
		if (!owners_ask(finder, query, level, 1) || poll(&fd, 1, -1) != 1 ||
		    !owners_collect(finder, &result))
			die("an answer");
		owner = result.owner;
	}
	uint64_t end_ns = clock_monotonic_ns();
	if (level == OWNER_PROCESS && owner.pid != (uint32_t)getpid())
		die("another process");
	return end_ns - begin_ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void measure(struct owner_finder *finder, const struct sockaddr_in *address, int listener,
		    enum owner_level level, unsigned times, const char *what)
{
	uint64_t *ns = xcalloc(ROUNDS, sizeof(*ns));
	struct owner_query query;
	for (int round = 0; round < ROUNDS; round++) {
		int fd = connect_to(address, &query), accepted = accept(listener, NULL, NULL);
		for (unsigned i = 0; i < times; i++)
			ns[round] = ask(finder, &query, level);
		close(accepted);
		close(fd);
	}
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	printf("%-44s %8.1f %8.1f\n", what, (double)ns[ROUNDS / 2] / NS_PER_US,
	       (double)ns[ROUNDS * 99 / 100] / NS_PER_US);
	free(ns);
}

int main(void)
{
	struct sockaddr_in address;
	const char *why_not;
	char *why = NULL;
	int listener = listen_here(&address);
	gather();
	struct owners *owners = owners_new(&why);
	struct owner_finder *finder = owners ? owner_finder_new(owners) : NULL;
	if (!finder) {
		fprintf(stderr, "bench_owners: %s\n", why ? why : "no finder");
		disperse();
		return EXIT_FAILURE;
	}
	printf("owners of %u connections, %u other processes, by %s; microseconds\n", ROUNDS, CROWD,
	       owners_source(owners, &why_not));
	printf("%-44s %8s %8s\n", "", "median", "99 %");
	measure(finder, &address, listener, OWNER_USER, 1, "user");
	measure(finder, &address, listener, OWNER_SOCKET, 1, "socket");
	measure(finder, &address, listener, OWNER_PROCESS, 1, "process, of a new socket: searched");
	measure(finder, &address, listener, OWNER_PROCESS, 2, "process, of a known socket");
	owner_finder_free(finder);
	owners_free(owners);
	disperse();
	return EXIT_SUCCESS;
}
