/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_owners: what the owner of a connection costs the thread that asks, at each level, found at
 * once and not, and how long it takes to have it searched, with 500 other processes. The sockets
 * are this process's own, over loopback, a new one for each question.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "owner/owners.h"
#include "util/alloc.h"
#include "util/clock.h"

#define CROWD 500
#define ROUNDS 2000
#define NUMBERS 64
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
			prctl(PR_SET_PDEATHSIG, SIGKILL);
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

static struct sockaddr_in server;
static int listener;

static void listen_here(void)
{
	socklen_t size = sizeof(server);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	server = (struct sockaddr_in){.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (listener < 0 || bind(listener, (struct sockaddr *)&server, size) ||
	    listen(listener, 16) || getsockname(listener, (struct sockaddr *)&server, &size))
		die("a listening socket");
}

enum kind { CONNECTED, CLOSED, NOT_CONNECTED };

/* The ends of one or two new sockets; what is open is to be closed. */
struct sockets {
	int fd;
	int accepted;
	struct owner_query query;
};

/* `least`: the least number of the descriptor that is asked about. */
static void open_sockets(enum kind kind, int least, struct sockets *sockets)
{
	struct sockaddr_in local = {.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(local);
	bool is_tcp = kind != NOT_CONNECTED;
	sockets->accepted = -1;
	int fd = socket(AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	sockets->fd = fcntl(fd, F_DUPFD_CLOEXEC, least);
	close(fd);
	if (sockets->fd < 0 ||
	    (is_tcp ? connect(sockets->fd, (const struct sockaddr *)&server, size)
		    : bind(sockets->fd, (const struct sockaddr *)&local, size)) ||
	    getsockname(sockets->fd, (struct sockaddr *)&local, &size))
		die("a socket");
	if (is_tcp)
		sockets->accepted = accept(listener, NULL, NULL);
	sockets->query = (struct owner_query){
		.proto = is_tcp ? IPPROTO_TCP : IPPROTO_UDP,
		.is_queued = true,
		.has_uid = true,
		.has_gid = true,
		.uid = getuid(),
		.gid = getgid(),
		.laddr = addr_from_bytes(AF_INET, &local.sin_addr),
		.raddr = addr_from_bytes(AF_INET, &server.sin_addr),
		.lport = ntohs(local.sin_port),
		.rport = ntohs(server.sin_port),
	};
}

static void close_sockets(const struct sockets *sockets)
{
	close(sockets->fd);
	if (sockets->accepted >= 0)
		close(sockets->accepted);
}

/* Waits for the answer to what was not found at once. */
static struct owner search(struct owner_finder *finder, const struct owner_query *query,
			   enum owner_level level)
{
	struct pollfd fd = {.fd = owner_finder_fd(finder), .events = POLLIN};
	struct owner_result result;
	if (!owners_ask(finder, query, level, 1) || poll(&fd, 1, -1) != 1 ||
	    !owners_collect(finder, &result))
		die("an answer");
	return result.owner;
}

enum phase {
	KNOWN,    /* what was asked before */
	IN_PLACE, /* a new socket where the last one was */
	LATER,    /* that it is not known */
	SEARCHED  /* from the question to the answer of the search */
};

struct row {
	const char *what;
	enum kind kind;
	enum owner_level level;
	enum phase phase;
};

static const struct row rows[] = {
	{"user", CONNECTED, OWNER_USER, KNOWN},
	{"socket", CONNECTED, OWNER_SOCKET, KNOWN},
	{"socket, datagrams, not connected", NOT_CONNECTED, OWNER_SOCKET, KNOWN},
	{"socket, none", CLOSED, OWNER_SOCKET, KNOWN},
	{"process, known", CONNECTED, OWNER_PROCESS, KNOWN},
	{"process, of a socket where the last one was", CONNECTED, OWNER_PROCESS, IN_PLACE},
	{"process, not known", CONNECTED, OWNER_PROCESS, LATER},
	{"process, searched", CONNECTED, OWNER_PROCESS, SEARCHED},
	{"process, datagrams, not connected, searched", NOT_CONNECTED, OWNER_PROCESS, SEARCHED},
};

/* As /proc calls this process, which may be in a pid namespace of its own. */
static uint32_t own_pid(void)
{
	char link[16] = "";
	if (readlink("/proc/self", link, sizeof(link) - 1) < 0)
		die("/proc/self");
	return (uint32_t)strtoul(link, NULL, 10);
}

/* Nanoseconds of one question; where the search is part of it, up to its answer. */
static uint64_t ask(struct owner_finder *finder, const struct row *row, bool has_search,
		    const struct owner_query *query)
{
	struct owner owner;
	uint64_t begin_ns = clock_monotonic_ns();
	enum owner_answer answer = owners_find(finder, query, row->level, &owner);
	uint64_t end_ns = clock_monotonic_ns();
	if (answer == OWNER_LATER) {
		owner = search(finder, query, row->level);
		if (has_search)
			end_ns = clock_monotonic_ns();
	} else if (row->phase == LATER || row->phase == SEARCHED) {
		fprintf(stderr, "bench_owners: %s: it is known\n", row->what);
		exit(EXIT_FAILURE);
	}
	if (row->level == OWNER_PROCESS && (!owner.has_pid || owner.pid != own_pid()))
		die("another process");
	return end_ns - begin_ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void measure(struct owner_finder *finder, const struct row *row)
{
	uint64_t *ns = xcalloc(ROUNDS, sizeof(*ns));
	struct sockets sockets;
	for (int round = 0; round < ROUNDS; round++) {
		/* Where it is to be searched for, not where the last one was. */
		open_sockets(row->kind, NUMBERS + (row->phase > IN_PLACE ? 1 + round % NUMBERS : 0),
			     &sockets);
		if (row->kind == CLOSED)
			close_sockets(&sockets);
		/* Where processes are not followed, what is known is verified each time. */
		if (row->phase == KNOWN)
			ask(finder, row, true, &sockets.query);
		ns[round] = ask(finder, row, row->phase != LATER, &sockets.query);
		if (row->kind != CLOSED)
			close_sockets(&sockets);
	}
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	printf("%-44s %8.1f %8.1f\n", row->what, (double)ns[ROUNDS / 2] / NS_PER_US,
	       (double)ns[ROUNDS * 99 / 100] / NS_PER_US);
	free(ns);
}

int main(void)
{
	const char *why_not;
	char *why = NULL;
	listen_here();
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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(finder, &rows[i]);
	owner_finder_free(finder);
	owners_free(owners);
	disperse();
	return EXIT_SUCCESS;
}
