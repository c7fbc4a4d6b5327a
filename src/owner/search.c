/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/search.h"

#include <stdlib.h>

#include "kernel/procfs.h"
#include "util/text.h"

#define DESCRIPTORS_PER_STEP 256
#define ANCESTORS_MAX 64

void search_begin(struct search *search, const char *proc, struct owner_cache *cache,
		  uint64_t inode, uint32_t uid)
{
	*search = (struct search){.proc = proc, .cache = cache, .inode = inode, .uid = uid};
}

void search_end(struct search *search)
{
	if (search->descriptors)
		closedir(search->descriptors);
	free(search->candidates);
	*search = (struct search){0};
}

static void list_candidates(struct search *search, const struct process_table *table, bool is_users)
{
	free(search->candidates);
	search->candidates =
		process_table_candidates(table, search->uid, is_users, &search->n_candidates);
	search->is_among_users = is_users;
	search->next = 0;
}

static struct procfs_place opener(const struct search *search, const struct process_table *table,
				  struct procfs_place place)
{
	struct procfs_place at = place;
	for (unsigned i = 0; i < ANCESTORS_MAX; i++) {
		at.pid = process_table_parent(table, at.pid);
		if (at.pid <= PROCESS_FIRST)
			break;
		if (procfs_socket_at(search->proc, at) == search->inode)
			place = at;
	}
	return place;
}

bool search_there(struct search *search, const struct process_table *table,
		  struct procfs_place *ret_place)
{
	struct procfs_place place = owner_cache_place(search->cache, search->inode);
	if (place.pid == 0 || procfs_socket_at(search->proc, place) != search->inode)
		return false;
	*ret_place = opener(search, table, place);
	return true;
}

/* True with the place where the socket is open; others are noted. */
static bool look_at(const struct search *search, const char *name, struct procfs_place *ret_place)
{
	uint64_t number, inode = procfs_descriptor_socket(search->descriptors, name);
	if (inode == 0 || text_to_u64(name, UINT32_MAX, &number))
		return false;
	*ret_place = (struct procfs_place){search->pid, (uint32_t)number};
	if (inode != search->inode)
		owner_cache_put_place(search->cache, inode, *ret_place);
	return inode == search->inode;
}

static enum search_state look(struct search *search, const struct process_table *table,
			      struct procfs_place *ret_place)
{
	for (unsigned i = 0; i < DESCRIPTORS_PER_STEP; i++) {
		struct procfs_place place;
		const struct dirent *entry = readdir(search->descriptors);
		if (!entry) {
			closedir(search->descriptors);
			search->descriptors = NULL;
			break;
		}
		if (entry->d_name[0] != '.' && look_at(search, entry->d_name, &place)) {
			*ret_place = opener(search, table, place);
			return SEARCH_FOUND;
		}
	}
	return SEARCH_GOES_ON;
}

enum search_state search_step(struct search *search, const struct process_table *table,
			      struct procfs_place *ret_place)
{
	if (!search->candidates)
		list_candidates(search, table, true);
	while (!search->descriptors) {
		if (search->next == search->n_candidates) {
			if (!search->is_among_users)
				return SEARCH_ENDED;
			list_candidates(search, table, false);
			return SEARCH_NOT_AT_USERS;
		}
		search->pid = search->candidates[search->next++];
		search->descriptors = procfs_open_descriptors(search->proc, search->pid);
		search->n_folders += search->descriptors != NULL;
	}
	return look(search, table, ret_place);
}
