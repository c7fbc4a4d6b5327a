/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/procfs.h"
#include "owner/resolver.h"
#include "util/alloc.h"
#include "util/clock.h"

struct owners {
	struct owner_cache *cache;
	struct owner_counters counters;
	struct resolver *resolver;
};

struct owner_finder {
	struct owners *owners;
	struct sock_diag *diag;
	struct mailbox *mailbox;
	struct found found; /* what the last answer borrows from, or, … */
	bool is_later;      /* … of this query and level, what is known so far */
	struct owner_query query;
	enum owner_level level;
	struct owner_names names;
};

struct owners *owners_new(char **ret_why)
{
	struct owners *owners = xcalloc(1, sizeof(*owners));
	owners->cache = owner_cache_new(PROCFS);
	owners->resolver = resolver_new(owners->cache, &owners->counters, ret_why);
	if (owners->resolver)
		return owners;
	int saved = errno;
	owners_free(owners);
	errno = saved;
	return NULL;
}

void owners_free(struct owners *owners)
{
	if (!owners)
		return;
	resolver_free(owners->resolver);
	owner_cache_free(owners->cache);
	free(owners);
}

void owners_hurry(struct owners *owners)
{
	resolver_hurry(owners->resolver);
}

const char *owners_source(const struct owners *owners, const char **ret_why)
{
	*ret_why = resolver_lacks_events(owners->resolver);
	return *ret_why ? "search" : "proc connector";
}

const struct owner_counters *owners_counters(const struct owners *owners)
{
	return &owners->counters;
}

struct owner_finder *owner_finder_new(struct owners *owners)
{
	struct owner_finder *finder = xcalloc(1, sizeof(*finder));
	finder->owners = owners;
	finder->diag = sock_diag_open();
	finder->mailbox = finder->diag ? mailbox_new(owners->resolver) : NULL;
	if (finder->mailbox)
		return finder;
	int saved = errno;
	sock_diag_close(finder->diag);
	free(finder);
	errno = saved;
	return NULL;
}

void owner_finder_free(struct owner_finder *finder)
{
	if (!finder)
		return;
	mailbox_free(finder->mailbox);
	sock_diag_close(finder->diag);
	found_clear(&finder->found);
	free(finder);
}

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static bool is_unknown(const struct owner *owner)
{
	return !owner->has_uid && !owner->has_pid;
}

static bool is_same(const struct owner_query *a, const struct owner_query *b)
{
	return a->proto == b->proto && a->is_incoming == b->is_incoming &&
	       a->is_queued == b->is_queued && a->has_uid == b->has_uid &&
	       a->has_gid == b->has_gid && addr_equal(&a->laddr, &b->laddr) &&
	       addr_equal(&a->raddr, &b->raddr) && a->lport == b->lport && a->rport == b->rport &&
	       a->ifindex == b->ifindex && a->uid == b->uid && a->gid == b->gid;
}

enum owner_answer owners_find(struct owner_finder *finder, const struct owner_query *query,
			      enum owner_level level, struct owner *ret_owner)
{
	struct owners *owners = finder->owners;
	uint64_t now_ns = clock_monotonic_ns(), id;
	enum owner_text kind;
	found_clear(&finder->found);
	count(&owners->counters.lookups);
	lookup_socket(finder->diag, query, level, &finder->found);
	finder->is_later = !lookup_process(owners->cache, query, level, now_ns, &finder->found) ||
			   !lookup_name(owners->cache, &finder->found, level, now_ns,
					&finder->names, ret_owner, &kind, &id);
	if (finder->is_later) {
		finder->query = *query;
		finder->level = level;
		return OWNER_LATER;
	}
	count(is_unknown(ret_owner) ? &owners->counters.unknown : &owners->counters.hits);
	return OWNER_FOUND;
}

bool owners_ask(struct owner_finder *finder, const struct owner_query *query,
		enum owner_level level, uint64_t token)
{
	/* What the socket has told need not be asked again: it may be closed meanwhile. */
	bool is_known =
		finder->is_later && finder->level == level && is_same(&finder->query, query);
	finder->is_later = false;
	if (!mailbox_ask(finder->mailbox, query, level, is_known ? &finder->found : NULL, token))
		return false;
	count(&finder->owners->counters.misses);
	return true;
}

int owner_finder_fd(const struct owner_finder *finder)
{
	return mailbox_fd(finder->mailbox);
}

bool owners_collect(struct owner_finder *finder, struct owner_result *ret_result)
{
	struct owners *owners = finder->owners;
	struct answer answer;
	enum owner_text kind;
	uint64_t id;
	if (!mailbox_take(finder->mailbox, &answer))
		return false;
	found_clear(&finder->found);
	finder->is_later = false;
	finder->found = answer.found;
	ret_result->token = answer.token;
	/* A name that has left the cache since is not worth another question. */
	if (!lookup_name(owners->cache, &finder->found, answer.level, clock_monotonic_ns(),
			 &finder->names, &ret_result->owner, &kind, &id))
		ret_result->owner = (struct owner){.level = answer.level};
	if (is_unknown(&ret_result->owner))
		count(&owners->counters.unknown);
	return true;
}
