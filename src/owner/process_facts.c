/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/process_facts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/procfs.h"
#include "util/alloc.h"

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
	free(facts);
}

struct process_facts *process_facts_load(const char *proc, uint32_t pid)
{
	struct process_facts *facts = xcalloc(1, sizeof(*facts));
	struct procfs_status status;
	char *buffer = xcalloc(1, PROCESS_CMDLINE_MAX), exe[PATH_MAX];
	ssize_t length = -1;
	facts->references = 1;
	facts->pid = pid;
	if (procfs_start_time(proc, pid, &facts->start_ticks) == 0 &&
	    procfs_status(proc, pid, &status) == 0)
		length = procfs_cmdline(proc, pid, buffer, PROCESS_CMDLINE_MAX);
	if (length < 0) {
		free(buffer);
		free_facts(facts);
		return NULL;
	}
	facts->gid = status.gid;
	facts->words = xreallocarray(buffer, (size_t)length + 1, 1);
	split(facts, (size_t)length);
	if (procfs_exe(proc, pid, exe, sizeof(exe)) == 0)
		facts->exe = xstrdup(exe);
	return facts;
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
