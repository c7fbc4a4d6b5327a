/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes that live, in the order in which they are likely to own the next socket: who has
 * owned one last or began last comes first. Kept current by the events of the proc connector, or
 * read anew. Belongs to one thread; only facts are shared.
 */
#ifndef OWNER_PROCESS_TABLE_H
#define OWNER_PROCESS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/proc_events.h"
#include "owner/process_facts.h"

struct process_table;

/* `proc` is borrowed. The table is empty. */
struct process_table *process_table_new(const char *proc);
void process_table_free(struct process_table *table);

/*
 * Reads all processes anew. Where `is_followed`, what is known of those that still live is kept;
 * else they may have gone on to other programs, and nothing is.
 */
void process_table_scan(struct process_table *table, bool is_followed);

void process_table_change(struct process_table *table, const struct proc_change *change);

size_t process_table_count(const struct process_table *table);

/* What is known of it may have changed: its facts are read again. */
void process_table_distrust(struct process_table *table, uint32_t pid);

/* Its facts, one reference for the caller; NULL where it has ended. */
struct process_facts *process_table_facts(struct process_table *table, uint32_t pid);

/* Its parent, 0 where there is none. */
uint32_t process_table_parent(const struct process_table *table, uint32_t pid);

/* It has owned a socket: it is likely to do so again. */
void process_table_touch(struct process_table *table, uint32_t pid);

/*
 * All processes, those of the user first, the likeliest first among them; the caller frees the
 * array. *ret_count: how many there are.
 */
uint32_t *process_table_candidates(const struct process_table *table, uint32_t uid,
				   size_t *ret_count);

#endif
