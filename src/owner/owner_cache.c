/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/owner_cache.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "owner/habits.h"
#include "util/alloc.h"
#include "util/id_map.h"
#include "util/mutex.h"

#define NS_PER_S 1000000000ull
#define SOCKETS_MAX 65536
#define TEXTS_MAX 4096
/* A socket that no process has is one of the kernel's, or on its way from one process to another.
 */
#define NOBODY_NS (10 * NS_PER_S)
/* Users come, go and are renamed; control groups keep their names, and ids are given but once. */
#define NAME_NS (60 * NS_PER_S)
#define GUESSES 4
#define SEEN_PER_LOCK 32

struct socket_owner {
	struct process_facts *facts; /* NULL: … */
	uint64_t until_ns;           /* … nobody, up to then */
	struct procfs_place place;
};

struct text {
	uint64_t until_ns;
	char *text; /* NULL: no name */
};

struct owner_cache {
	const char *proc;
	pthread_mutex_t lock;
	bool is_followed;
	int events_fd;          /* -1: none */
	_Atomic bool is_behind; /* what has come by it is not in the facts yet */
	struct habits habits;
	struct id_map *sockets;
	struct id_map *texts[OWNER_TEXT_COUNT];
};

static void free_socket_owner(void *value)
{
	struct socket_owner *owner = value;
	process_facts_unref(owner->facts);
	free(owner);
}

static void free_text(void *value)
{
	struct text *text = value;
	free(text->text);
	free(text);
}

struct owner_cache *owner_cache_new(const char *proc)
{
	struct owner_cache *cache = xcalloc(1, sizeof(*cache));
	cache->proc = proc;
	cache->events_fd = -1;
	mutex_init(&cache->lock);
	cache->sockets = id_map_new(SOCKETS_MAX, free_socket_owner);
	for (unsigned i = 0; i < OWNER_TEXT_COUNT; i++)
		cache->texts[i] = id_map_new(TEXTS_MAX, free_text);
	return cache;
}

void owner_cache_free(struct owner_cache *cache)
{
	if (!cache)
		return;
	habits_fini(&cache->habits);
	id_map_free(cache->sockets);
	for (unsigned i = 0; i < OWNER_TEXT_COUNT; i++)
		id_map_free(cache->texts[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

void owner_cache_set_followed(struct owner_cache *cache, bool is_followed)
{
	cache->is_followed = is_followed;
}

void owner_cache_set_events(struct owner_cache *cache, int fd)
{
	cache->events_fd = fd;
}

void owner_cache_set_behind(struct owner_cache *cache, bool is_behind)
{
	atomic_store(&cache->is_behind, is_behind);
}

static bool is_known(const struct owner_cache *cache, const struct socket_owner *owner,
		     uint64_t now_ns)
{
	if (!owner)
		return false;
	if (!owner->facts)
		return now_ns < owner->until_ns;
	return cache->is_followed && !atomic_load(&owner->facts->is_over);
}

static bool get_process(struct owner_cache *cache, uint64_t inode, uint64_t now_ns,
			struct process_facts **ret_facts, struct procfs_place *ret_place)
{
	pthread_mutex_lock(&cache->lock);
	struct socket_owner *owner = id_map_get(cache->sockets, inode);
	bool known = is_known(cache, owner, now_ns);
	if (known) {
		*ret_facts = owner->facts ? process_facts_ref(owner->facts) : NULL;
		*ret_place = owner->place;
		id_map_touch(cache->sockets, inode);
	}
	pthread_mutex_unlock(&cache->lock);
	return known;
}

/*
 * Nothing has happened that is not in the facts, such as the begin of another program. What did
 * came before the socket, which is there: a program that was begun meanwhile has told of itself
 * before it could make one.
 */
static bool is_current(struct owner_cache *cache)
{
	struct pollfd events = {.fd = cache->events_fd, .events = POLLIN};
	if (events.fd < 0)
		return true;
	return !atomic_load(&cache->is_behind) && poll(&events, 1, 0) == 0 &&
	       !atomic_load(&cache->is_behind);
}

bool owner_cache_process(struct owner_cache *cache, uint64_t inode, uint64_t now_ns,
			 struct process_facts **ret_facts)
{
	struct process_facts *facts;
	struct procfs_place place;
	if (!get_process(cache, inode, now_ns, &facts, &place))
		return false;
	if (facts && (procfs_socket_at(cache->proc, place) != inode || !is_current(cache) ||
		      atomic_load(&facts->is_over))) {
		process_facts_unref(facts);
		return false;
	}
	*ret_facts = facts;
	return true;
}

struct procfs_place owner_cache_place(struct owner_cache *cache, uint64_t inode)
{
	pthread_mutex_lock(&cache->lock);
	const struct socket_owner *owner = id_map_get(cache->sockets, inode);
	struct procfs_place place = owner ? owner->place : (struct procfs_place){0};
	pthread_mutex_unlock(&cache->lock);
	return place;
}

void owner_cache_put_process(struct owner_cache *cache, uint64_t inode, struct process_facts *facts,
			     struct procfs_place place, uint64_t now_ns)
{
	struct socket_owner *owner = xcalloc(1, sizeof(*owner));
	owner->facts = facts ? process_facts_ref(facts) : NULL;
	owner->until_ns = now_ns + NOBODY_NS;
	owner->place = place;
	pthread_mutex_lock(&cache->lock);
	id_map_put(cache->sockets, inode, owner);
	pthread_mutex_unlock(&cache->lock);
}

static void put_seen(struct owner_cache *cache, struct process_facts *facts, uint64_t inode,
		     struct procfs_place place)
{
	struct socket_owner *owner = id_map_get(cache->sockets, inode);
	bool is_opener = facts && process_facts_has_opened(facts, inode);
	if (!owner) {
		owner = xcalloc(1, sizeof(*owner));
		id_map_put(cache->sockets, inode, owner);
	}
	if (owner->facts && (!is_opener || owner->facts == facts))
		return;
	owner->place = place;
	if (is_opener) {
		process_facts_unref(owner->facts);
		owner->facts = process_facts_ref(facts);
	}
}

void owner_cache_put_seen(struct owner_cache *cache, uint32_t pid, struct process_facts *facts,
			  const struct seen_socket *seen, size_t count)
{
	for (size_t i = 0; i < count;) {
		pthread_mutex_lock(&cache->lock);
		for (size_t end = i + SEEN_PER_LOCK; i < count && i < end; i++)
			put_seen(cache, facts, seen[i].inode,
				 (struct procfs_place){pid, seen[i].descriptor});
		pthread_mutex_unlock(&cache->lock);
	}
}

void owner_cache_note_habit(struct owner_cache *cache, uint32_t uid, struct procfs_place place,
			    struct process_facts *facts)
{
	pthread_mutex_lock(&cache->lock);
	habits_note(&cache->habits, uid, place, facts);
	pthread_mutex_unlock(&cache->lock);
}

bool owner_cache_guess(struct owner_cache *cache, uint32_t uid, uint64_t inode,
		       struct process_facts **ret_facts)
{
	struct process_facts *found = NULL;
	struct habit habits[GUESSES];
	if (cache->events_fd < 0)
		return false;
	pthread_mutex_lock(&cache->lock);
	unsigned count = habits_of(&cache->habits, uid, habits, GUESSES);
	pthread_mutex_unlock(&cache->lock);
	for (unsigned i = 0; i < count; i++) {
		struct process_facts *facts = habits[i].facts;
		if (!found && procfs_socket_at(cache->proc, habits[i].place) == inode &&
		    is_current(cache) && !atomic_load(&facts->is_over))
			found = facts;
		else
			process_facts_unref(facts);
	}
	if (found)
		*ret_facts = found;
	return found != NULL;
}

bool owner_cache_text(struct owner_cache *cache, enum owner_text kind, uint64_t id, uint64_t now_ns,
		      char *buffer, size_t room)
{
	pthread_mutex_lock(&cache->lock);
	const struct text *text = id_map_get(cache->texts[kind], id);
	bool known = text && now_ns < text->until_ns;
	if (known) {
		size_t length = text->text ? strlen(text->text) : 0;
		length = length < room ? length : 0; /* none is that long */
		memcpy(buffer, length ? text->text : "", length);
		buffer[length] = '\0';
		id_map_touch(cache->texts[kind], id);
	}
	pthread_mutex_unlock(&cache->lock);
	return known;
}

void owner_cache_put_text(struct owner_cache *cache, enum owner_text kind, uint64_t id,
			  const char *name, uint64_t now_ns)
{
	struct text *text = xcalloc(1, sizeof(*text));
	text->text = xstrdup(name);
	text->until_ns = kind == OWNER_TEXT_CGROUP && name ? UINT64_MAX : now_ns + NAME_NS;
	pthread_mutex_lock(&cache->lock);
	id_map_put(cache->texts[kind], id, text);
	pthread_mutex_unlock(&cache->lock);
}
