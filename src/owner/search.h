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
	struct seen_socket *seen; /* the sockets of its folder so far */
	size_t n_seen;
	size_t seen_capacity;
	uint64_t n_folders;  /* opened so far */
	uint64_t looks_left; /* at descriptors and folders, then it is given up */
};

/* About two seconds' work. A daemon with as many sockets is not common, and is not gone through for
 * each new one. */
#define SEARCH_LOOKS_MAX 1048576u

enum search_state {
	SEARCH_GOES_ON,
	SEARCH_FOUND,
	SEARCH_NOT_AT_USERS, /* goes on among all others, if the socket still exists */
	SEARCH_ENDED,        /* in vain */
	SEARCH_GIVEN_UP,     /* after SEARCH_LOOKS_MAX */
};

/*
 * `uid` is the socket's: processes of that user come first, and then all others, since a daemon may
 * have given up the user as whom it opened its socket. `proc` and `cache` are borrowed.
 */
void search_begin(struct search *search, const char *proc, struct owner_cache *cache,
		  uint64_t inode, uint32_t uid);

/* True where it still is where the cache says. */
bool search_there(const struct search *search, struct procfs_place *ret_place);

/* Some hundred descriptors, or the next candidates. *ret_place is told with SEARCH_FOUND. */
enum search_state search_step(struct search *search, const struct process_table *table,
			      struct procfs_place *ret_place);

/*
 * Where the one that opened the socket has it, of which one place was found: a child inherits a
 * socket under its number, and it is of the eldest of the line that has it there, whether those
 * between have it still or not.
 */
struct procfs_place search_opener(const struct search *search, const struct process_table *table,
				  struct procfs_place place);

/*
 * Behind SEARCH_FOUND: up to `most` further descriptors of the same process. True where all of them
 * have been seen, from the first on.
 */
bool search_rest(struct search *search, unsigned most);

/* Gives the cache what was seen of the process; `facts` are its own, or NULL. */
void search_put_seen(struct search *search, struct process_facts *facts);

void search_end(struct search *search);

#endif
