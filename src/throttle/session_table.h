/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sessions of one throttle, shared by all workers: some millions, found by key, the one used
 * longest ago evicted when there are too many, forgotten when unused for long.
 *
 * Shards. The top bits of a session's hash (SipHash with a random key) choose one of 16 shards; a
 * shard has a lock, an index, and a list of its sessions in the order of their last use. Every use
 * of a session, from acquire to release, is under its shard's lock, so that what is counted is
 * exact whatever the number of threads. Lock order: shard, then store; never two shards.
 *
 * Eviction is exact over all shards. Each use gets the next number of one sequence for the whole
 * table, under the shard's lock: so each shard's list is in the order of the sequence, and each
 * shard shows the number of its oldest session. The evicting thread takes the smallest of these,
 * locks that shard, and looks whether the number still holds, else begins anew: since a shard's
 * number only ever grows, a number that still holds was the smallest of all. (Two threads that meet
 * the same new session at once in a full table may evict one session more than was needed.)
 *
 * Expiry. What is oldest in a shard has been unused longest: each use of a shard forgets up to two
 * of its expired sessions, a session that has expired is new when it is found, and
 * session_table_expire() cleans up in bounded steps where no packets come. Nothing ever sweeps.
 *
 * Cache misses. In a large table a use misses the cache for the bucket, the session, and its two
 * neighbours in the order of use, each of which is known only when the one before has come. Who has
 * several packets at hand lets these wait side by side: session_table_hash() for all, then
 * session_table_fetch() for all, session_table_fetch_more() for all, and then the uses. The fetches
 * take no lock and change nothing; where another thread changes what they saw, the use misses the
 * cache as it would have, and is exact all the same.
 *
 * Memory: session_table_session_bytes() for each session, and 8 bytes of index, or what `buckets`
 * asks for.
 */
#ifndef THROTTLE_SESSION_TABLE_H
#define THROTTLE_SESSION_TABLE_H

#include <stdbool.h>

#include "throttle/session_key.h"
#include "throttle/session_store.h"

struct session_table;

struct session_table_options {
	uint32_t key_size;
	uint32_t max;     /* sessions, 1 … SESSION_STORE_MAX */
	uint32_t buckets; /* to begin with, in all; 0: few */
	uint64_t expire_ns;
};

struct session_table_figures {
	uint64_t sessions;
	uint64_t max;
	uint64_t passed; /* packets */
	uint64_t over;
	uint64_t evicted;
	uint64_t bytes; /* of sessions and index */
};

/* A session in use: its shard is locked from acquire to release. */
struct session_use {
	struct session *session;
	uint64_t previous_ns; /* its last use before this one; now where it is new */
	unsigned shard;
};

/* 0; -ENOMEM; -EINVAL where an option is out of its range. session_table_free() for the result. */
int session_table_new(const struct session_table_options *options,
		      struct session_table **ret_table);
void session_table_free(struct session_table *table);

/* The hash of a key, for the two below; begins to fetch its bucket. */
uint64_t session_table_hash(struct session_table *table, const struct session_key *key);
/* Begins to fetch the first session of the bucket. Returns its slot, or 0: that is all. */
uint32_t session_table_fetch(struct session_table *table, uint64_t hash);
/*
 * Begins to fetch the neighbours of a session in the order of use, and the next one of its bucket,
 * which may be the one that is looked for. Returns that one's slot, or 0.
 */
uint32_t session_table_fetch_more(struct session_table *table, uint32_t slot);

/*
 * Finds or makes the session and makes it the one used last. A new one has all zero in state_ns,
 * state_count, passed and over. Keep it for the shortest time, then release it, and acquire no
 * other meanwhile. `hash` is the key's. now_ns: monotonic; workers' times may differ a little.
 */
void session_table_acquire(struct session_table *table, const struct session_key *key,
			   uint64_t hash, uint64_t now_ns, struct session_use *ret_use);
/* Counts the packets for the session and the table, unlocks, and grows the index if it is time. */
void session_table_release(struct session_table *table, struct session_use *use, bool is_within,
			   uint32_t packets);

/* Excludes all uses, for a change of what they read (the limits): some microseconds. */
void session_table_lock(struct session_table *table);
void session_table_unlock(struct session_table *table);

/* `max` as in the options; too many sessions go as new ones come, or in session_table_expire(). */
void session_table_set_limits(struct session_table *table, uint32_t max, uint64_t expire_ns);
uint64_t session_table_expire_ns(const struct session_table *table);

/*
 * Forgets up to `steps` sessions that are expired or more than max. For the control loop. Returns
 * how many; fewer than `steps`: there was no more to do.
 */
uint32_t session_table_expire(struct session_table *table, uint64_t now_ns, uint32_t steps);

/* `session` is a copy. */
typedef void (*session_table_visit)(const struct session *session, void *context);

/*
 * Visits sessions beside the packets: looks at up to `steps` slots from *cursor (0 to begin) on,
 * each under its shard's lock, and calls `visit` outside of it. Every session that lives from the
 * first call to the last is visited once. False: that was the end.
 */
bool session_table_walk(struct session_table *table, uint32_t *cursor, uint32_t steps,
			session_table_visit visit, void *context);

/*
 * Visits the sessions that were used since the visits before, the one used last first in each
 * shard: up to `steps` a call, each with the state that it has by then. The table keeps the place,
 * so there can be one caller only. False: all that had been used when the round began have been
 * visited; the next call begins the next round. A session that is used during a round is visited in
 * the next one at the latest; none is missed that lives so long.
 */
bool session_table_walk_changed(struct session_table *table, uint32_t steps,
				session_table_visit visit, void *context);
/* Ends the round; what has been used so far is not visited any more. */
void session_table_skip_changed(struct session_table *table);
bool session_table_has_changed(struct session_table *table);

void session_table_figures(struct session_table *table, struct session_table_figures *ret_figures);
/* Sets passed, over and evicted, as they were in an earlier life. */
void session_table_set_totals(struct session_table *table, uint64_t passed, uint64_t over,
			      uint64_t evicted);
/* Bytes of one session, without the index. */
size_t session_table_session_bytes(const struct session_table *table);

#endif
