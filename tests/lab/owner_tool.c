/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * owner_tool: who owns connections, in this network namespace. One question a line:
 *
 *   LEVEL DIRECTION PROTO LOCAL REMOTE [UID]     user|socket|process in|out 6 192.0.2.1:80 …
 *   burst NUMBER LEVEL …                         so many times at once, answered or not
 *   counters
 *
 * One JSON object a line is the answer; `at_once`: no search was needed. UID is the number of the
 * group, too; an outgoing question without it is as of a packet of which the kernel told none. Ends
 * with the input.
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "owner/owners.h"

#define WAIT_MS 20000

static void put(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text ? json_string(text) : json_null());
}

static void put_number(json_t *object, const char *key, bool is_known, uint32_t number)
{
	json_object_set_new(object, key, is_known ? json_integer(number) : json_null());
}

static void print(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

static void print_owner(const struct owner *owner, bool at_once)
{
	json_t *object = json_object(), *args = json_array();
	for (size_t i = 0; i < owner->n_args; i++)
		json_array_append_new(args, json_string(owner->args[i]));
	put_number(object, "uid", owner->has_uid, owner->uid);
	put_number(object, "gid", owner->has_gid, owner->gid);
	put_number(object, "pid", owner->has_pid, owner->pid);
	put(object, "user", owner->user);
	put(object, "group", owner->group);
	put(object, "cgroup", owner->cgroup);
	put(object, "unit", owner->unit);
	put(object, "cmd", owner->cmd);
	put(object, "exe", owner->exe);
	json_object_set_new(object, "args", args);
	json_object_set_new(object, "at_once", json_boolean(at_once));
	print(object);
}

static void print_counters(const struct owners *owners)
{
	const struct owner_counters *counters = owners_counters(owners);
	const char *why;
	print(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "source", owners_source(owners, &why),
			"lookups", (json_int_t)counters->lookups, "hits",
			(json_int_t)counters->hits, "misses", (json_int_t)counters->misses,
			"searches", (json_int_t)counters->searches, "unknown",
			(json_int_t)counters->unknown));
}

static bool read_question(const char *line, struct owner_query *ret_query,
			  enum owner_level *ret_level)
{
	char level[16], direction[8], local[64], remote[64];
	unsigned proto, uid;
	bool has_port;
	int got = sscanf(line, "%15s %7s %u %63s %63s %u", level, direction, &proto, local, remote,
			 &uid);
	*ret_query = (struct owner_query){
		.proto = (uint8_t)proto,
		.is_queued = true,
		.is_incoming = strcmp(direction, "in") == 0,
		.has_uid = got == 6,
		.has_gid = got == 6,
		.uid = got == 6 ? uid : 0,
		.gid = got == 6 ? uid : 0,
	};
	*ret_level = strcmp(level, "user") == 0     ? OWNER_USER
		     : strcmp(level, "socket") == 0 ? OWNER_SOCKET
						    : OWNER_PROCESS;
	return got >= 5 &&
	       addr_port_parse(local, &ret_query->laddr, &has_port, &ret_query->lport) == 0 &&
	       addr_port_parse(remote, &ret_query->raddr, &has_port, &ret_query->rport) == 0;
}

/* The process of all of them, or null where they differ. */
static int burst(struct owner_finder *finder, const struct owner_query *query,
		 enum owner_level level, unsigned number)
{
	struct pollfd fd = {.fd = owner_finder_fd(finder), .events = POLLIN};
	struct owner_result result;
	unsigned taken = 0, answered = 0;
	bool is_same = true;
	uint32_t pid = 0;
	for (unsigned i = 0; i < number; i++)
		taken += owners_ask(finder, query, level, i);
	while (answered < taken) {
		if (poll(&fd, 1, WAIT_MS) != 1 || !owners_collect(finder, &result))
			return -1;
		is_same = is_same && (answered == 0 || result.owner.pid == pid);
		pid = result.owner.pid;
		answered++;
	}
	json_t *object = json_pack("{s:i, s:i}", "taken", (int)taken, "answered", (int)answered);
	put_number(object, "pid", is_same, pid);
	print(object);
	return 0;
}

static int answer(struct owner_finder *finder, const struct owner_query *query,
		  enum owner_level level)
{
	struct pollfd fd = {.fd = owner_finder_fd(finder), .events = POLLIN};
	struct owner owner;
	struct owner_result result;
	if (owners_find(finder, query, level, &owner) == OWNER_FOUND) {
		print_owner(&owner, true);
		return 0;
	}
	if (!owners_ask(finder, query, level, 7) || poll(&fd, 1, WAIT_MS) != 1 ||
	    !owners_collect(finder, &result) || result.token != 7)
		return -1;
	print_owner(&result.owner, false);
	return 0;
}

static int obey(struct owners *owners, struct owner_finder *finder, const char *line)
{
	struct owner_query query;
	enum owner_level level;
	unsigned number;
	int length = 0;
	if (strcmp(line, "counters\n") == 0) {
		print_counters(owners);
		return 0;
	}
	bool is_burst = sscanf(line, "burst %u %n", &number, &length) == 1;
	if (!read_question(line + length, &query, &level))
		return -1;
	return is_burst ? burst(finder, &query, level, number) : answer(finder, &query, level);
}

int main(void)
{
	char *why = NULL, line[512];
	struct owners *owners = owners_new(&why);
	struct owner_finder *finder = owners ? owner_finder_new(owners) : NULL;
	int status = EXIT_SUCCESS;
	if (!finder) {
		fprintf(stderr, "owner_tool: %s\n", why ? why : strerror(errno));
		return EXIT_FAILURE;
	}
	while (status == EXIT_SUCCESS && fgets(line, sizeof(line), stdin)) {
		if (obey(owners, finder, line)) {
			fprintf(stderr, "owner_tool: %s", line);
			status = EXIT_FAILURE;
		}
	}
	owner_finder_free(finder);
	owners_free(owners);
	return status;
}
