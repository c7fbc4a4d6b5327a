/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/search.h"

#include <stdlib.h>

#include "kernel/procfs.h"
#include "util/alloc.h"

#define DESCRIPTORS_PER_STEP 256
#define ANCESTORS_MAX 64

void search_begin(struct search *search, const char *proc, const struct process_table *table,
		  uint64_t inode, uint32_t uid)
{
	*search = (struct search){.proc = proc, .inode = inode};
	search->candidates = process_table_candidates(table, uid, &search->n_candidates);
}

void search_begin_at(struct search *search, const char *proc, uint64_t inode, uint32_t pid)
{
	*search = (struct search){.proc = proc, .inode = inode, .n_candidates = 1};
	search->candidates = xcalloc(1, sizeof(*search->candidates));
	search->candidates[0] = pid;
}

void search_end(struct search *search)
{
	if (search->descriptors)
		closedir(search->descriptors);
	free(search->candidates);
	*search = (struct search){0};
}

static bool has_socket(const struct search *search, uint32_t pid, const char *name)
{
	uint64_t inode = 0;
	DIR *descriptors = procfs_open_descriptors(search->proc, pid);
	if (!descriptors)
		return false;
	bool is_socket = procfs_descriptor_socket(descriptors, name, &inode);
	closedir(descriptors);
	return is_socket && inode == search->inode;
}

/*
 * A child inherits a socket under its number. The one that opened it is the eldest of the line that
 * has it there.
 */
static uint32_t opener(const struct search *search, const struct process_table *table,
		       const char *name)
{
	uint32_t pid = search->pid;
	for (unsigned i = 0; i < ANCESTORS_MAX; i++) {
		uint32_t parent = process_table_parent(table, pid);
		if (parent == 0 || !has_socket(search, parent, name))
			break;
		pid = parent;
	}
	return pid;
}

static enum search_state look(struct search *search, const struct process_table *table,
			      uint32_t *ret_pid)
{
	for (unsigned i = 0; i < DESCRIPTORS_PER_STEP; i++) {
		const struct dirent *entry = readdir(search->descriptors);
		uint64_t inode;
		if (!entry) {
			closedir(search->descriptors);
			search->descriptors = NULL;
			break;
		}
		if (entry->d_name[0] != '.' &&
		    procfs_descriptor_socket(search->descriptors, entry->d_name, &inode) &&
		    inode == search->inode) {
			*ret_pid = opener(search, table, entry->d_name);
			search->descriptor = (uint32_t)strtoul(entry->d_name, NULL, 10);
			return SEARCH_FOUND;
		}
	}
	return SEARCH_GOES_ON;
}

enum search_state search_step(struct search *search, const struct process_table *table,
			      uint32_t *ret_pid)
{
	while (!search->descriptors) {
		if (search->next == search->n_candidates)
			return SEARCH_ENDED;
		search->pid = search->candidates[search->next++];
		search->descriptors = procfs_open_descriptors(search->proc, search->pid);
		search->n_folders += search->descriptors != NULL;
	}
	return look(search, table, ret_pid);
}
