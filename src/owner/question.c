/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/question.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "util/clock.h"

#define NAME_ROOM 65536 /* a group with all its members */
#define NAMES 3

static void count(_Atomic uint64_t *counter, uint64_t number)
{
	atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

/* Of processes that are not followed only this is known: who had the socket may have it still. */
static bool begin_at_last(struct question *question, struct workshop *shop)
{
	uint64_t inode = question->found.inode;
	uint32_t pid = shop->is_followed ? 0 : owner_cache_last_pid(shop->cache, inode);
	if (pid)
		search_begin_at(&question->search, shop->proc, inode, pid);
	return pid != 0;
}

static void begin_search(struct question *question, struct workshop *shop)
{
	if (!shop->is_followed && shop->scanned_ns <= question->asked_ns) {
		shop->scanned_ns = clock_monotonic_ns();
		process_table_scan(shop->table, false);
	}
	search_begin(&question->search, shop->proc, shop->table, question->found.inode,
		     question->found.uid);
}

static void end_search(struct question *question, struct workshop *shop,
		       struct process_facts *facts)
{
	owner_cache_put_process(shop->cache, question->found.inode, facts, clock_monotonic_ns());
	found_take_process(&question->found, &question->query, facts);
	count(&shop->counters->searches, question->search.n_folders);
	search_end(&question->search);
	question->is_searching = false;
}

/* True where the search has ended. */
static bool search(struct question *question, struct workshop *shop)
{
	struct process_facts *facts = NULL;
	uint32_t pid;
	switch (search_step(&question->search, shop->table, &pid)) {
	case SEARCH_GOES_ON:
		return false;
	case SEARCH_FOUND:
		if (!shop->is_followed)
			process_table_distrust(shop->table, pid);
		facts = process_table_facts(shop->table, pid);
		if (!facts)
			return false; /* it has just ended: another may have the socket */
		process_table_touch(shop->table, pid);
		owner_cache_note_habit(shop->cache, question->found.uid,
				       question->search.descriptor, facts);
		break;
	case SEARCH_ENDED:
		if (question->is_at_last) {
			question->is_at_last = false;
			search_end(&question->search);
			begin_search(question, shop);
			return false;
		}
		break;
	}
	end_search(question, shop, facts);
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
				clock_monotonic_ns(), &shop->names, &owner, &kind, &id))
			return;
		ask_name(shop, kind, id);
	}
}

bool question_work(struct question *question, struct workshop *shop)
{
	bool is_found = false;
	if (question->is_searching)
		is_found = search(question, shop);
	else if (lookup_find(shop->diag, shop->cache, &question->query, question->level,
			     clock_monotonic_ns(), &question->found))
		is_found = true;
	else {
		question->is_searching = true;
		question->is_at_last = begin_at_last(question, shop);
		if (!question->is_at_last)
			begin_search(question, shop);
	}
	if (is_found)
		ask_names(question, shop);
	return is_found;
}

void question_end(struct question *question)
{
	if (question->is_searching)
		search_end(&question->search);
	question->is_searching = false;
	found_clear(&question->found);
}
