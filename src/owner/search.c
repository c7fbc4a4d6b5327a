/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/search.h"

#include <stdlib.h>

#include "kernel/procfs.h"
#include "util/alloc.h"
#include "util/text.h"

#define DESCRIPTORS_PER_STEP 256
#define ANCESTORS_MAX 64

void search_begin(struct search *search, const char *proc, struct owner_cache *cache,
		  uint64_t inode, uint32_t uid)
{
	*search = (struct search){
		.proc = proc,
		.cache = cache,
		.inode = inode,
		.uid = uid,
		.looks_left = SEARCH_LOOKS_MAX,
	};
}

static void close_folder(struct search *search)
{
	if (search->descriptors)
		closedir(search->descriptors);
	search->descriptors = NULL;
}

void search_end(struct search *search)
{
	close_folder(search);
	free(search->candidates);
	free(search->seen);
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

struct procfs_place search_opener(const struct search *search, const struct process_table *table,
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

bool search_there(const struct search *search, struct procfs_place *ret_place)
{
	struct procfs_place place = owner_cache_place(search->cache, search->inode);
	if (place.pid == 0 || procfs_socket_at(search->proc, place) != search->inode)
		return false;
	*ret_place = place;
	return true;
}

/* Notes the socket that the descriptor of that name is; true where it is the one searched for. */
static bool look_at(struct search *search, const char *name)
{
	uint64_t number, inode = procfs_descriptor_socket(search->descriptors, name);
	if (inode == 0 || text_to_u64(name, UINT32_MAX, &number))
		return false;
	search->seen = array_grow(search->seen, search->n_seen, &search->seen_capacity,
				  sizeof(*search->seen));
	search->seen[search->n_seen++] = (struct seen_socket){inode, (uint32_t)number};
	return inode == search->inode;
}

static void count_look(struct search *search)
{
	search->looks_left -= search->looks_left > 0;
}

/* Up to `most` descriptors, or until one is found: true. The folder is closed at its end. */
static bool look(struct search *search, unsigned most)
{
	for (unsigned i = 0; i < most; i++) {
		const struct dirent *entry = readdir(search->descriptors);
		if (!entry) {
			close_folder(search);
			return false;
		}
		count_look(search);
		if (entry->d_name[0] != '.' && look_at(search, entry->d_name))
			return true;
	}
	return false;
}

bool search_rest(struct search *search, unsigned most)
{
	if (search->descriptors)
		look(search, most);
	return !search->descriptors;
}

void search_put_seen(struct search *search, struct process_facts *facts)
{
	owner_cache_put_seen(search->cache, search->pid, facts, search->seen, search->n_seen);
	search->n_seen = 0;
}

enum search_state search_step(struct search *search, const struct process_table *table,
			      struct procfs_place *ret_place)
{
	if (!search->candidates)
		list_candidates(search, table, true);
	if (search->looks_left == 0)
		return SEARCH_GIVEN_UP;
	while (!search->descriptors) {
		search_put_seen(search, NULL);
		count_look(search);
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
	if (!look(search, DESCRIPTORS_PER_STEP))
		return SEARCH_GOES_ON;
	*ret_place =
		(struct procfs_place){search->pid, search->seen[search->n_seen - 1].descriptor};
	return SEARCH_FOUND;
}
