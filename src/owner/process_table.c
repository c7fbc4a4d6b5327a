/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/process_table.h"

#include <stdlib.h>

#include "kernel/procfs.h"
#include "util/alloc.h"
#include "util/id_map.h"

#define ENDED_MAX 4096

struct process {
	uint32_t pid;
	uint32_t parent;
	uint32_t uid;
	bool is_seen;                /* by the scan that is under way */
	struct process_facts *facts; /* NULL: not read yet */
};

struct process_table {
	const char *proc;
	struct id_map *processes;
	struct id_map *ended; /* the parents of those that have ended, as pointers */
};

static void drop_facts(struct process *process)
{
	if (process->facts)
		atomic_store(&process->facts->is_over, true);
	process_facts_unref(process->facts);
	process->facts = NULL;
}

static void free_process(void *value)
{
	drop_facts(value);
	free(value);
}

static void free_nothing(void *value)
{
	(void)value;
}

struct process_table *process_table_new(const char *proc)
{
	struct process_table *table = xcalloc(1, sizeof(*table));
	table->proc = proc;
	table->processes = id_map_new(0, free_process);
	table->ended = id_map_new(ENDED_MAX, free_nothing);
	return table;
}

void process_table_free(struct process_table *table)
{
	if (!table)
		return;
	id_map_free(table->processes);
	id_map_free(table->ended);
	free(table);
}

size_t process_table_count(const struct process_table *table)
{
	return id_map_count(table->processes);
}

static struct process *find(const struct process_table *table, uint32_t pid)
{
	return id_map_get(table->processes, pid);
}

static struct process *add(struct process_table *table, uint32_t pid, uint32_t parent, uint32_t uid)
{
	struct process *process = xcalloc(1, sizeof(*process));
	*process = (struct process){.pid = pid, .parent = parent, .uid = uid, .is_seen = true};
	id_map_put(table->processes, pid, process);
	id_map_remove(table->ended, pid);
	return process;
}

/* NULL where it has ended. */
static struct process *find_or_read(struct process_table *table, uint32_t pid)
{
	struct process *process = find(table, pid);
	struct procfs_status status;
	if (!process && procfs_status(table->proc, pid, &status) == 0)
		process = add(table, pid, status.parent, status.uid);
	return process;
}

static void scan_process(uint32_t pid, void *data)
{
	struct process *process = find_or_read(data, pid);
	if (process)
		process->is_seen = true;
}

static int forget_seen(uint64_t id, void *value, void *data)
{
	struct process *process = value;
	(void)id;
	(void)data;
	process->is_seen = false;
	return 0;
}

static int remove_unseen(uint64_t id, void *value, void *data)
{
	const struct process_table *table = data;
	const struct process *process = value;
	if (!process->is_seen)
		id_map_remove(table->processes, id);
	return 0;
}

void process_table_scan(struct process_table *table)
{
	id_map_each(table->processes, forget_seen, NULL);
	procfs_each(table->proc, scan_process, table);
	id_map_each(table->processes, remove_unseen, table);
}

static int read_anew(uint64_t id, void *value, void *data)
{
	struct process_table *table = data;
	struct process *process = value;
	struct procfs_status status;
	(void)id;
	drop_facts(process);
	if (procfs_status(table->proc, process->pid, &status) == 0) {
		process->parent = status.parent;
		process->uid = status.uid;
	}
	return 0;
}

void process_table_rescan(struct process_table *table)
{
	process_table_scan(table);
	id_map_each(table->processes, read_anew, table);
}

void process_table_distrust(struct process_table *table, uint32_t pid)
{
	struct process *process = find(table, pid);
	if (process)
		read_anew(pid, process, table);
}

/* What the parent is, is true of the child until an event says otherwise. */
static void begin(struct process_table *table, const struct proc_change *change)
{
	const struct process *parent = find(table, change->parent);
	struct process *child;
	if (parent)
		add(table, change->pid, change->parent, parent->uid);
	else if ((child = find_or_read(table, change->pid)))
		child->parent = change->parent;
}

static void finish(struct process_table *table, uint32_t pid)
{
	const struct process *process = find(table, pid);
	if (!process)
		return;
	if (process->parent)
		id_map_put(table->ended, pid, (void *)(uintptr_t)process->parent);
	id_map_remove(table->processes, pid);
}

void process_table_change(struct process_table *table, const struct proc_change *change)
{
	struct process *process = find(table, change->pid);
	switch (change->kind) {
	case PROC_BEGINS:
		begin(table, change);
		break;
	case PROC_EXECS:
		/* By a thread that was not the first, which has ended for it (de_thread() in
		 * fs/exec.c): it has gone and is there again. */
		process = find_or_read(table, change->pid);
		/* fall through */
	case PROC_CHANGES_GROUP:
		if (process)
			drop_facts(process);
		break;
	case PROC_CHANGES_USER:
		if (process)
			process->uid = change->uid;
		break;
	case PROC_ENDS:
		finish(table, change->pid);
		break;
	}
}

struct process_facts *process_table_facts(struct process_table *table, uint32_t pid)
{
	struct process *process = find_or_read(table, pid);
	if (!process)
		return NULL;
	if (!process->facts)
		process->facts = process_facts_load(table->proc, pid);
	return process->facts ? process_facts_ref(process->facts) : NULL;
}

bool process_table_has_opened(const struct process_table *table, uint32_t pid, uint64_t inode)
{
	const struct process *process = find(table, pid);
	return process && process->facts && process_facts_has_opened(process->facts, inode);
}

uint32_t process_table_parent(const struct process_table *table, uint32_t pid)
{
	const struct process *process = find(table, pid);
	return process ? process->parent : (uint32_t)(uintptr_t)id_map_get(table->ended, pid);
}

void process_table_touch(struct process_table *table, uint32_t pid)
{
	id_map_touch(table->processes, pid);
}

struct list {
	uint32_t uid;
	bool is_users;
	bool has_first;
	size_t count;
	uint32_t *pids;
};

static int list_process(uint64_t id, void *value, void *data)
{
	const struct process *process = value;
	struct list *list = data;
	if ((process->uid == list->uid) != list->is_users)
		return 0;
	if (id == PROCESS_FIRST)
		list->has_first = true;
	else
		list->pids[list->count++] = (uint32_t)id;
	return 0;
}

uint32_t *process_table_candidates(const struct process_table *table, uint32_t uid, bool is_users,
				   size_t *ret_count)
{
	struct list list = {.uid = uid, .is_users = is_users};
	list.pids = xcalloc(id_map_count(table->processes) + 1, sizeof(*list.pids));
	id_map_each(table->processes, list_process, &list);
	if (list.has_first)
		list.pids[list.count++] = PROCESS_FIRST;
	*ret_count = list.count;
	return list.pids;
}
