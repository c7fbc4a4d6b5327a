/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The owners of local connections: found at once where the kernel or the cache tells, and searched
 * beside the packet path where they must be searched.
 *
 * One `struct owners` for the daemon: the cache of processes, kept current by the proc connector,
 * and the thread that searches. One `struct owner_finder` for each thread that asks; it belongs to
 * that thread.
 */
#ifndef OWNER_OWNERS_H
#define OWNER_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"
#include "rules/owner.h"

/* A connection as this host sees it. Forwarded ones have no owner: do not ask. */
struct owner_query {
	uint8_t proto;
	bool is_incoming; /* opened by the remote end: then the socket may be a listening one */
	bool is_queued; /* of a packet that waits: the kernel has told what it knows with it, … */
	bool has_uid;   /* … the user and group of the socket (NFQA_UID, NFQA_GID) */
	bool has_gid;
	struct addr laddr;
	struct addr raddr;
	uint16_t lport;
	uint16_t rport;
	uint32_t ifindex; /* by which it goes, for sockets that are bound to one; 0: not known */
	uint32_t uid;
	uint32_t gid;
};

enum owner_answer {
	OWNER_FOUND, /* up to the level that was asked for; unknown parts are unknown */
	OWNER_LATER  /* must be searched or asked for: owners_ask() */
};

struct owner_result {
	uint64_t token;
	struct owner owner;
};

/* Read by any thread: relaxed atomics. */
struct owner_counters {
	_Atomic uint64_t lookups;  /* calls of owners_find(): 0 where no rule asks */
	_Atomic uint64_t hits;     /* answered at once */
	_Atomic uint64_t misses;   /* searched */
	_Atomic uint64_t searches; /* folders of /proc that were read for them */
	_Atomic uint64_t unknown;  /* searched in vain, or no socket */
};

struct owners;
struct owner_finder;

/*
 * Opens what it needs and starts the thread. NULL with errno, *ret_why a sentence that the caller
 * frees.
 */
struct owners *owners_new(char **ret_why);
/* After all finders are freed. */
void owners_free(struct owners *owners);

/* Packets wait for the answers: the thread becomes real-time, as those are that ask. */
void owners_hurry(struct owners *owners);

/* How processes are followed, for `status`: "proc connector" or "search", and why not the first. */
const char *owners_source(const struct owners *owners, const char **ret_why);
const struct owner_counters *owners_counters(const struct owners *owners);

struct owner_finder *owner_finder_new(struct owners *owners);
/* What was asked and not collected is dropped. */
void owner_finder_free(struct owner_finder *finder);

/*
 * Answers at once, or not at all: some microseconds, no file is opened and no folder read. The texts
 * of *ret_owner are valid until the next call with this finder.
 */
enum owner_answer owners_find(struct owner_finder *finder, const struct owner_query *query,
			      enum owner_level level, struct owner *ret_owner);

/*
 * Hands the question to the thread; false where it has too many already (256 of all finders, until
 * their answers are collected). After owners_find() of the same what that has learned of the socket
 * is not asked again, so that it is known even if the socket is closed by then.
 */
bool owners_ask(struct owner_finder *finder, const struct owner_query *query,
		enum owner_level level, uint64_t token);

/* Readable (poll) when there are results. */
int owner_finder_fd(const struct owner_finder *finder);

/*
 * The next result of this finder, in whatever order they came; false: none is there now. The texts
 * are valid until the next call with this finder.
 */
bool owners_collect(struct owner_finder *finder, struct owner_result *ret_result);

#endif
