/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The thread that finds out what takes time: which process has a socket, and what users, groups and
 * control groups are called. It follows the processes through the proc connector, and works at all
 * questions in turn. What it finds is in the cache before the answer is given.
 */
#ifndef OWNER_RESOLVER_H
#define OWNER_RESOLVER_H

#include "owner/lookup.h"

/* Questions under way, of all finders. */
#define RESOLVER_QUESTIONS 256

struct resolver;

/* Where the answers to one thread are put. */
struct mailbox;

struct answer {
	uint64_t token;
	enum owner_level level;
	struct found found; /* belongs to the receiver */
};

/* `cache` and `counters` are borrowed. NULL with errno, *ret_why to be freed. */
struct resolver *resolver_new(struct owner_cache *cache, struct owner_counters *counters,
			      char **ret_why);
void resolver_free(struct resolver *resolver);

/* Packets wait for the answers: the thread goes ahead of others. */
void resolver_hurry(struct resolver *resolver);

/* Why the proc connector cannot be used; NULL where it is. */
const char *resolver_lacks_events(const struct resolver *resolver);

/* NULL with errno. */
struct mailbox *mailbox_new(struct resolver *resolver);
/* What was asked for it and is under way has no receiver any more. */
void mailbox_free(struct mailbox *mailbox);

/* Readable when there is an answer. */
int mailbox_fd(const struct mailbox *mailbox);

/*
 * `known`: what lookup_socket() has told for this level, taken over where the question is; or NULL.
 * False where too many questions are under way.
 */
bool mailbox_ask(struct mailbox *mailbox, const struct owner_query *query, enum owner_level level,
		 struct found *known, uint64_t token);

/* The next answer; false: there is none now. */
bool mailbox_take(struct mailbox *mailbox, struct answer *ret_answer);

#endif
