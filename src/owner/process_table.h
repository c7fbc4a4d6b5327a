/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes that live, in the order in which they are likely to own the next socket: who has
 * owned one last or began last comes first, and the first process of the system last, which only
 * hands sockets on. Kept current by the events of the proc connector, or read anew. Belongs to one
 * thread; only facts are shared.
 */
#ifndef OWNER_PROCESS_TABLE_H
#define OWNER_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/proc_events.h"
#include "owner/process_facts.h"

/* Hands sockets to the services that it starts, and is no owner of theirs. */
#define PROCESS_FIRST 1

struct process_table;

/* `proc` is borrowed. The table is empty. */
struct process_table *process_table_new(const char *proc);
void process_table_free(struct process_table *table);

/* Adds the processes that it lacks and removes those that have ended. */
void process_table_scan(struct process_table *table);

/* Events were lost: nothing that is known of a process holds any more. All are read anew. */
void process_table_rescan(struct process_table *table);

void process_table_change(struct process_table *table, const struct proc_change *change);

size_t process_table_count(const struct process_table *table);

/* What is known of this one may have changed: it is read anew. */
void process_table_distrust(struct process_table *table, uint32_t pid);

/* Its facts, one reference for the caller; NULL where it has ended. */
struct process_facts *process_table_facts(struct process_table *table, uint32_t pid);

/* That it has opened the socket which it has now (process_facts.h) is known without a look. */
bool process_table_has_opened(const struct process_table *table, uint32_t pid, uint64_t inode);

/* Its parent, 0 where none is known. Those of some thousand that have ended last are, too. */
uint32_t process_table_parent(const struct process_table *table, uint32_t pid);

/* It has owned a socket: it is likely to do so again. */
void process_table_touch(struct process_table *table, uint32_t pid);

/*
 * The processes of the user, or where `is_users` is false all others, the likeliest first; the
 * caller frees the array. *ret_count: how many there are.
 */
uint32_t *process_table_candidates(const struct process_table *table, uint32_t uid, bool is_users,
				   size_t *ret_count);

#endif
