/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/question.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "util/clock.h"

#define NAME_ROOM 65536 /* a group with all its members */
#define NAMES 3

/* Descriptors of a process that are looked at beside the one that was searched for: the first
 * time, and where other questions wait. */
#define SEEN_MAX 8192
#define SEEN_BUSY 256

static void count(_Atomic uint64_t *counter, uint64_t number)
{
	atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

static void end_search(struct question *question, struct workshop *shop)
{
	if (!question->is_searching)
		return;
	count(&shop->counters->searches, question->search.n_folders);
	search_end(&question->search);
	id_map_remove(shop->searched, question->found.inode);
	question->is_searching = false;
}

/*
 * What else the process has whose folder is open: all of it the first time, for what comes later is
 * its own; and some where other questions wait, for it may be theirs. `facts` are its own, or NULL.
 */
static void look_around(struct search *search, const struct workshop *shop,
			struct process_facts *facts)
{
	/* Where processes are not followed, the facts are read anew each time. */
	bool learns = shop->events && facts && !facts->is_explored;
	bool is_all =
		(learns || shop->is_busy) && search_rest(search, learns ? SEEN_MAX : SEEN_BUSY);
	if (learns) {
		facts->is_explored = true;
		if (is_all)
			process_facts_set_heritage(facts, search->seen, search->n_seen);
	}
	search_put_seen(search, facts);
}

/* The process that has the socket there. False: it has just ended, and another may have it. */
static bool take(struct question *question, struct workshop *shop, struct procfs_place place)
{
	struct search *search = &question->search;
	if (shop->events)
		workshop_follow(shop, question->asked_ns);
	if (!process_table_has_opened(shop->table, place.pid, search->inode))
		place = search_opener(search, shop->table, place);
	if (!shop->events)
		process_table_distrust(shop->table, place.pid);
	struct process_facts *facts = process_table_facts(shop->table, place.pid);
	if (!facts)
		return false;
	if (search->pid)
		look_around(search, shop, search->pid == place.pid ? facts : NULL);
	process_table_touch(shop->table, place.pid);
	owner_cache_note_habit(shop->cache, question->found.uid, place, facts);
	owner_cache_put_process(shop->cache, question->found.inode, facts, place,
				clock_monotonic_ns());
	end_search(question, shop);
	found_take_process(&question->found, &question->query, facts);
	return true;
}

static void take_nobody(struct question *question, struct workshop *shop, bool is_certain)
{
	if (is_certain)
		owner_cache_put_process(shop->cache, question->found.inode, NULL,
					(struct procfs_place){0}, clock_monotonic_ns());
	end_search(question, shop);
	found_take_process(&question->found, &question->query, NULL);
}

/* True where the search has ended. */
static bool begin_search(struct question *question, struct workshop *shop)
{
	struct procfs_place place;
	search_begin(&question->search, shop->proc, shop->cache, question->found.inode,
		     question->found.uid);
	id_map_put(shop->searched, question->found.inode, question);
	question->is_searching = true;
	return search_there(&question->search, &place) && take(question, shop, place);
}

/* The one that was asked about, not another of the same ends. */
static bool is_still_there(const struct question *question, const struct workshop *shop)
{
	struct found found;
	lookup_socket(shop->diag, &question->query, question->level, &found);
	return found.inode == question->found.inode;
}

/* True where the search has ended. */
static bool search(struct question *question, struct workshop *shop)
{
	struct procfs_place place;
	switch (search_step(&question->search, shop->table, &place)) {
	case SEARCH_GOES_ON:
		return false;
	case SEARCH_FOUND:
		return take(question, shop, place);
	case SEARCH_NOT_AT_USERS:
		if (is_still_there(question, shop))
			return false;
		take_nobody(question, shop, false);
		return true;
	case SEARCH_ENDED:
		take_nobody(question, shop, true);
		return true;
	case SEARCH_GIVEN_UP:
		take_nobody(question, shop, false);
		return true;
	}
	return true;
}

static const char *user_name(uid_t uid, char *buffer)
{
	struct passwd entry, *found = NULL;
	return getpwuid_r(uid, &entry, buffer, NAME_ROOM, &found) == 0 && found ? entry.pw_name
										: NULL;
}

static const char *group_name(gid_t gid, char *buffer)
{
	struct group entry, *found = NULL;
	return getgrgid_r(gid, &entry, buffer, NAME_ROOM, &found) == 0 && found ? entry.gr_name
										: NULL;
}

static const char *cgroup_name(const struct cgroup_tree *tree, uint64_t id, char *buffer)
{
	return tree && cgroup_path(tree, id, buffer, NAME_ROOM) == 0 ? buffer : NULL;
}

/* Asks the system; that may take long where users are kept on another machine. */
static void ask_name(struct workshop *shop, enum owner_text kind, uint64_t id)
{
	char buffer[NAME_ROOM];
	const char *name = NULL;
	switch (kind) {
	case OWNER_TEXT_USER:
		name = user_name((uid_t)id, buffer);
		break;
	case OWNER_TEXT_GROUP:
		name = group_name((gid_t)id, buffer);
		break;
	case OWNER_TEXT_CGROUP:
		name = cgroup_name(shop->cgroups, id, buffer);
		break;
	}
	owner_cache_put_text(shop->cache, kind, id, name, clock_monotonic_ns());
}

static void ask_names(const struct question *question, struct workshop *shop)
{
	struct owner owner;
	enum owner_text kind;
	uint64_t id;
	for (unsigned i = 0; i < NAMES; i++) {
		if (lookup_name(shop->cache, &question->found, question->level,
				clock_monotonic_ns(), shop->names, &owner, &kind, &id))
			return;
		ask_name(shop, kind, id);
	}
}

/* True where the process is known, or that there is none. */
static bool find_process(struct question *question, struct workshop *shop)
{
	if (question->is_searching)
		return search(question, shop);
	if (lookup_process(shop->cache, &question->query, question->level, clock_monotonic_ns(),
			   &question->found))
		return true;
	/* Another question has the same socket searched: the answer will be in the cache. */
	if (id_map_get(shop->searched, question->found.inode))
		return false;
	if (begin_search(question, shop))
		return true;
	if (!shop->events)
		workshop_follow(shop, question->asked_ns);
	return search(question, shop);
}

bool question_work(struct question *question, struct workshop *shop)
{
	if (!question->has_looked)
		lookup_socket(shop->diag, &question->query, question->level, &question->found);
	question->has_looked = true;
	if (!find_process(question, shop))
		return false;
	ask_names(question, shop);
	return true;
}

void question_end(struct question *question, struct workshop *shop)
{
	end_search(question, shop);
	found_clear(&question->found);
}
