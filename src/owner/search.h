/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search for the process that has a socket: first where the cache says that it was seen, then
 * the descriptors of one candidate after the other, in steps, so that a long search does not hold
 * up others. Other sockets that it sees on its way go to the cache.
 */
#ifndef OWNER_SEARCH_H
#define OWNER_SEARCH_H

#include <dirent.h>
#include <stdbool.h>

#include "owner/owner_cache.h"
#include "owner/process_table.h"

struct search {
	const char *proc;
	struct owner_cache *cache;
	uint64_t inode;
	uint32_t uid;
	bool is_among_users; /* the candidates are those of the user, else all others */
	uint32_t *candidates;
	size_t n_candidates;
	size_t next;
	uint32_t pid; /* the candidate whose descriptors are open */
	DIR *descriptors;
	uint64_t n_folders; /* opened so far */
};

enum search_state {
	SEARCH_GOES_ON,
	SEARCH_FOUND,
	SEARCH_NOT_AT_USERS, /* goes on among all others, if the socket still exists */
	SEARCH_ENDED,        /* in vain */
};

/*
 * `uid` is the socket's: processes of that user come first, and then all others, since a daemon may
 * have given up the user as whom it opened its socket. `proc` and `cache` are borrowed.
 */
void search_begin(struct search *search, const char *proc, struct owner_cache *cache,
		  uint64_t inode, uint32_t uid);

/*
 * True where it still is where the cache says. *ret_place, here and below, is where the one that
 * opened it has it: a child inherits a socket under its number, and it is of the eldest of the line
 * that has it there, whether those between have it still or not.
 */
bool search_there(struct search *search, const struct process_table *table,
		  struct procfs_place *ret_place);

/* Some hundred descriptors, or the next candidates. *ret_place is told with SEARCH_FOUND. */
enum search_state search_step(struct search *search, const struct process_table *table,
			      struct procfs_place *ret_place);

void search_end(struct search *search);

#endif
