/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search for the process that has a socket: the descriptors of one candidate after the other,
 * in steps, so that a long search does not hold up others.
 */
#ifndef OWNER_SEARCH_H
#define OWNER_SEARCH_H

#include <dirent.h>

#include "owner/process_table.h"

struct search {
	const char *proc;
	uint64_t inode;
	uint32_t *candidates;
	size_t n_candidates;
	size_t next;
	uint32_t pid;        /* the candidate whose descriptors are open */
	uint32_t descriptor; /* with SEARCH_FOUND: the socket's number */
	DIR *descriptors;
	uint64_t n_folders; /* opened so far */
};

enum search_state {
	SEARCH_GOES_ON,
	SEARCH_FOUND,
	SEARCH_ENDED, /* in vain */
};

/*
 * `uid` is the socket's: processes of that user come first, and then all others, since a daemon may
 * have given up the user as whom it opened its socket. `proc` is borrowed.
 */
void search_begin(struct search *search, const char *proc, const struct process_table *table,
		  uint64_t inode, uint32_t uid);

/* The same among the descriptors of one process alone. */
void search_begin_at(struct search *search, const char *proc, uint64_t inode, uint32_t pid);

/* Some hundred descriptors, or the next candidate. With SEARCH_FOUND *ret_pid has the socket. */
enum search_state search_step(struct search *search, const struct process_table *table,
			      uint32_t *ret_pid);

void search_end(struct search *search);

#endif
