/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several threads ask at once who owns sockets of this process, over loopback; with the kernel's
 * own answers, of which any user may have those about himself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "owner/owners.h"

#define THREADS 4
#define SOCKETS 200
#define PORT 9
#define WAIT_MS 60000

struct asker {
	pthread_t thread;
	struct owners *owners;
	uint32_t pid; /* of this process */
	unsigned right;
};

static uint32_t own_pid(void)
{
	char link[16] = "";
	assert_true(readlink("/proc/self", link, sizeof(link) - 1) > 0);
	return (uint32_t)strtoul(link, NULL, 10);
}

/* A connected datagram socket; -1 where it cannot be had. */
static int open_socket(struct owner_query *ret_query)
{
	struct sockaddr_in local, remote = {.sin_family = AF_INET,
					    .sin_port = htons(PORT),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(local);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&remote, sizeof(remote)) ||
	    getsockname(fd, (struct sockaddr *)&local, &size))
		return -1;
	*ret_query = (struct owner_query){
		.proto = IPPROTO_UDP,
		.laddr = addr_from_bytes(AF_INET, &local.sin_addr),
		.raddr = addr_from_bytes(AF_INET, &remote.sin_addr),
		.lport = ntohs(local.sin_port),
		.rport = PORT,
	};
	return fd;
}

static bool collect(struct owner_finder *finder, uint64_t token, struct owner *ret_owner)
{
	struct pollfd fd = {.fd = owner_finder_fd(finder), .events = POLLIN};
	struct owner_result result;
	if (poll(&fd, 1, WAIT_MS) != 1 || !owners_collect(finder, &result) || result.token != token)
		return false;
	*ret_owner = result.owner;
	return true;
}

static bool is_right(const struct asker *asker, const struct owner *owner)
{
	return owner->has_pid && owner->pid == asker->pid && owner->has_uid &&
	       owner->uid == getuid() && owner->has_gid && owner->gid == getgid() && owner->cmd &&
	       owner->exe;
}

static void ask_about(struct asker *asker, struct owner_finder *finder,
		      const struct owner_query *query)
{
	struct owner owner = {0};
	if (owners_find(finder, query, OWNER_PROCESS, &owner) == OWNER_LATER &&
	    (!owners_ask(finder, query, OWNER_PROCESS, query->lport) ||
	     !collect(finder, query->lport, &owner)))
		return;
	asker->right += is_right(asker, &owner);
}

static void *ask_much(void *data)
{
	struct asker *asker = data;
	struct owner_finder *finder = owner_finder_new(asker->owners);
	struct owner_query query;
	int fds[SOCKETS];
	if (!finder)
		return NULL;
	for (unsigned i = 0; i < SOCKETS; i++) {
		fds[i] = open_socket(&query);
		if (fds[i] >= 0)
			ask_about(asker, finder, &query);
	}
	/* The answers to these have no receiver any more. */
	for (unsigned i = 0; i < 20; i++)
		owners_ask(finder, &query, OWNER_PROCESS, i);
	owner_finder_free(finder);
	for (unsigned i = 0; i < SOCKETS; i++)
		close(fds[i]);
	return NULL;
}

static void threads_ask_at_once(void **state)
{
	char *why = NULL;
	struct owners *owners = owners_new(&why);
	struct asker askers[THREADS];
	(void)state;
	assert_non_null(owners);
	for (unsigned i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){.owners = owners, .pid = own_pid()};
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_much, &askers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(askers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(askers[i].right, SOCKETS);
	assert_int_equal(owners_counters(owners)->lookups, THREADS * SOCKETS);
	assert_int_equal(owners_counters(owners)->unknown, 0);
	owners_free(owners);
}

/* More questions than there is room for are refused, and none of those taken is lost. */
static void room_is_bounded(void **state)
{
	char *why = NULL;
	struct owners *owners = owners_new(&why);
	struct owner_finder *finder = owner_finder_new(owners);
	struct owner_query query;
	struct owner owner;
	uint64_t taken = 0, answered = 0;
	(void)state;
	int fd = open_socket(&query);
	assert_true(fd >= 0);
	while (taken < 100000 && owners_ask(finder, &query, OWNER_PROCESS, taken))
		taken++;
	assert_int_equal(taken, 256); /* what is answered keeps its place until it is collected */
	for (; answered < taken; answered++)
		assert_true(collect(finder, answered, &owner));
	assert_true(owners_ask(finder, &query, OWNER_PROCESS, 7));
	assert_true(collect(finder, 7, &owner));
	assert_int_equal(owner.pid, own_pid());
	close(fd);
	owner_finder_free(finder);
	owners_free(owners);
}

/* Nothing is asked, nothing is looked up. */
static void nothing_is_free(void **state)
{
	char *why = NULL;
	(void)state;
	struct owners *owners = owners_new(&why);
	struct owner_finder *finder = owner_finder_new(owners);
	struct owner_result result;
	assert_false(owners_collect(finder, &result));
	assert_int_equal(owners_counters(owners)->lookups, 0);
	assert_int_equal(owners_counters(owners)->searches, 0);
	owner_finder_free(finder);
	owners_free(owners);
	owner_finder_free(NULL);
	owners_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_ask_at_once),
		cmocka_unit_test(room_is_bounded),
		cmocka_unit_test(nothing_is_free),
	};
	return cmocka_run_group_tests_name("owners", tests, NULL, NULL);
}
