/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was found out about owners, for all threads: which process has a socket or where one was
 * seen, what a user, a group and a control group are called. All are bounded; what was not used for
 * longest makes room. The lock is held for a look-up only.
 */
#ifndef OWNER_OWNER_CACHE_H
#define OWNER_OWNER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/procfs.h"
#include "owner/process_facts.h"

enum owner_text { OWNER_TEXT_USER, OWNER_TEXT_GROUP, OWNER_TEXT_CGROUP };
#define OWNER_TEXT_COUNT 3

struct owner_cache;

/* `proc` is borrowed. */
struct owner_cache *owner_cache_new(const char *proc);

/*
 * Before it is used: whether the facts of processes say when they are over. Else a process that had
 * a socket is only where the next search for it begins.
 */
void owner_cache_set_followed(struct owner_cache *cache, bool is_followed);
void owner_cache_free(struct owner_cache *cache);

/*
 * By which descriptor they say so (poll); and whether what has come by it is not in the facts yet.
 * Without one nothing is guessed.
 */
void owner_cache_set_events(struct owner_cache *cache, int fd);
void owner_cache_set_behind(struct owner_cache *cache, bool is_behind);

/*
 * True where it is known which process has the socket, and it still is where it was: that it closes
 * one, no event tells. *ret_facts is a reference for the caller, or NULL where none has it.
 */
bool owner_cache_process(struct owner_cache *cache, uint64_t inode, uint64_t now_ns,
			 struct process_facts **ret_facts);

/* Where the socket was open when that was last looked for; pid 0: not known. */
struct procfs_place owner_cache_place(struct owner_cache *cache, uint64_t inode);

/*
 * The process has it, there. Takes a reference of its own. NULL: none has it, which is believed for
 * a while.
 */
void owner_cache_put_process(struct owner_cache *cache, uint64_t inode, struct process_facts *facts,
			     struct procfs_place place, uint64_t now_ns);

/*
 * What was seen at a process while another socket was looked for. Where its facts are known (a
 * reference is taken for each) and it has opened a socket itself, it is the one that has it; else
 * that is where a search for it begins.
 */
void owner_cache_put_seen(struct owner_cache *cache, uint32_t pid, struct process_facts *facts,
			  const struct seen_socket *seen, size_t count);

/*
 * A process had a socket of that user there (habits.h); and whether one of those that had the last
 * ones has this socket: some system calls, exact, but often in vain. *ret_facts is a reference.
 */
void owner_cache_note_habit(struct owner_cache *cache, uint32_t uid, struct procfs_place place,
			    struct process_facts *facts);
bool owner_cache_guess(struct owner_cache *cache, uint32_t uid, uint64_t inode,
		       struct process_facts **ret_facts);

/* True where it is known what it is called: copied to `buffer`, empty where it has no name. */
bool owner_cache_text(struct owner_cache *cache, enum owner_text kind, uint64_t id, uint64_t now_ns,
		      char *buffer, size_t room);
/* NULL: it has no name. */
void owner_cache_put_text(struct owner_cache *cache, enum owner_text kind, uint64_t id,
			  const char *text, uint64_t now_ns);

#endif
