/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/process_facts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/procfs.h"
#include "util/alloc.h"

/* Sorted. */
struct heritage {
	size_t count;
	uint64_t inodes[];
};

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
	return (first > second) - (first < second);
}

void process_facts_set_heritage(struct process_facts *facts, const struct seen_socket *seen,
				size_t count)
{
	struct heritage *heritage =
		xcalloc(1, sizeof(*heritage) + count * sizeof(heritage->inodes[0]));
	heritage->count = count;
	for (size_t i = 0; i < count; i++)
		heritage->inodes[i] = seen[i].inode;
	qsort(heritage->inodes, count, sizeof(heritage->inodes[0]), compare);
	atomic_store_explicit(&facts->heritage, heritage, memory_order_release);
}

bool process_facts_has_opened(const struct process_facts *facts, uint64_t inode)
{
	const struct heritage *heritage =
		atomic_load_explicit(&facts->heritage, memory_order_acquire);
	return heritage && !bsearch(&inode, heritage->inodes, heritage->count,
				    sizeof(heritage->inodes[0]), compare);
}

/* Words end with zeros; a program that has written over them may leave out the last zero. */
static void split(struct process_facts *facts, size_t length)
{
	size_t capacity = 0;
	if (length == 0)
		return;
	facts->cmd = facts->words;
	for (size_t at = strlen(facts->words) + 1; at < length;
	     at += strlen(facts->words + at) + 1) {
		facts->args =
			array_grow(facts->args, facts->n_args, &capacity, sizeof(*facts->args));
		facts->args[facts->n_args++] = facts->words + at;
	}
}

static void free_facts(struct process_facts *facts)
{
	free(facts->args);
	free(facts->exe);
	free(facts->words);
	free(facts->heritage);
	free(facts);
}

/* The file that runs is read last: while there is one, there was a command line before. */
static bool load(const char *proc, uint32_t pid, struct process_facts *facts)
{
	struct procfs_status status;
	char words[PROCESS_CMDLINE_MAX], exe[PATH_MAX];
	if (procfs_start_time(proc, pid, &facts->start_ticks) || procfs_status(proc, pid, &status))
		return false;
	ssize_t length = procfs_cmdline(proc, pid, words, sizeof(words));
	int error = procfs_exe(proc, pid, exe, sizeof(exe));
	if (length < 0 || error == -ENOENT || error == -ESRCH)
		return false;
	facts->gid = status.gid;
	facts->exe = error ? NULL : xstrdup(exe);
	facts->words = xcalloc((size_t)length + 1, 1);
	memcpy(facts->words, words, (size_t)length);
	split(facts, (size_t)length);
	return true;
}

struct process_facts *process_facts_load(const char *proc, uint32_t pid)
{
	struct process_facts *facts = xcalloc(1, sizeof(*facts));
	facts->references = 1;
	facts->pid = pid;
	if (load(proc, pid, facts))
		return facts;
	free_facts(facts);
	return NULL;
}

struct process_facts *process_facts_ref(struct process_facts *facts)
{
	atomic_fetch_add(&facts->references, 1);
	return facts;
}

void process_facts_unref(struct process_facts *facts)
{
	if (facts && atomic_fetch_sub(&facts->references, 1) == 1)
		free_facts(facts);
}
