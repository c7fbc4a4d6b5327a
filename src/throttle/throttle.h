/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One throttle of the configuration: what a session is, what it may do, and all its sessions.
 *
 *   throttle_new       from a checked configuration, by the control thread
 *   throttle_charge    for each packet, by any number of workers at once; or, for a batch of them,
 *   throttle_ticket_…  which hides the cache misses of a large table
 *   throttle_tidy      now and then, by the control thread
 *   throttle_change    at a reload: other limits, the same sessions, while workers charge
 *   throttle_export    a few sessions at a time, for the `sessions` command and the state file
 *   throttle_export_changed   the same of what was used since the last time
 *   throttle_import    after a start
 *   throttle_ref, throttle_free   by the control thread: a reload shares throttles
 *
 * Time is the monotonic clock in nanoseconds, of the batch that a packet came with, and always a
 * parameter. Exactness: for each session, what is charged within one window never exceeds the
 * limit, and reaches it before the first packet of one segment is over, whatever the number of
 * threads.
 */
#ifndef THROTTLE_THROTTLE_H
#define THROTTLE_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "throttle/bucket.h"
#include "throttle/session_key.h"
#include "throttle/session_store.h"
#include "throttle/window.h"

#define THROTTLE_MAX_DEFAULT 1000000u
#define THROTTLE_EXPIRE_DEFAULT_NS (3600ull * 1000000000ull)
/* Sessions remember no more than this of the time before the clock's zero (a restart): 9 years. */
#define THROTTLE_PAST_MAX_NS (1ull << 58)

enum throttle_kind { THROTTLE_WINDOW, THROTTLE_BUCKET };
enum throttle_count { THROTTLE_PACKETS, THROTTLE_CONNECTIONS };

struct throttle_spec {
	enum throttle_kind kind;
	struct window_limit window; /* of the kind that is chosen */
	struct bucket_limit bucket;
	struct session_layout session;
	enum throttle_count count;
	uint32_t max;       /* sessions, 1 … SESSION_STORE_MAX */
	uint32_t buckets;   /* of the index, to begin with; 0: few */
	uint64_t expire_ns; /* at least the window's span */
};

struct throttle_figures {
	uint64_t sessions;
	uint64_t max;
	uint64_t passed; /* packets, or connections */
	uint64_t over;
	uint64_t evicted;
	uint64_t bytes; /* of memory */
};

/* One session, independent of the clock: all times are distances back from the export. */
struct throttle_session {
	struct session_key key;
	uint64_t order;       /* of last use: imports go from the smallest on */
	uint64_t used_ago_ns; /* last use */
	uint64_t created_ago_s;
	uint64_t opened_ago_ns;  /* window: where window_passed is not 0 */
	uint64_t window_left_ns; /* window: 0: none is open; for display */
	uint64_t missing;        /* bucket: tokens, at the last use */
	uint32_t window_passed;
	uint32_t passed;
	uint32_t over;
};

struct throttle;

/* A window without a limit yet; the rest as rules.yaml has it where it says nothing. */
struct throttle_spec throttle_spec_default(void);
bool throttle_spec_is_valid(const struct throttle_spec *spec);

/* What one packet asks of one throttle. Filled by throttle_ticket_make(). */
struct throttle_ticket {
	struct throttle *throttle;
	uint64_t hash;
	uint32_t hint; /* throttle_tickets_fetch(): a slot, perhaps out of date */
	struct session_key key;
};

/*
 * `tag` is copied; `serial` is the caller's number for it. 0; -ENOMEM; -EINVAL where a value is out
 * of its range, or expire_ns is shorter than the window. throttle_free() for the result, which has
 * one reference.
 */
int throttle_new(const char *tag, uint32_t serial, const struct throttle_spec *spec,
		 struct throttle **ret_throttle);
/* One more reference to the same throttle, which is returned; for the control thread. */
struct throttle *throttle_ref(struct throttle *throttle);
/*
 * Drops one reference, by the control thread; the last one frees the throttle: no worker may use it
 * any more, nor a ticket of it.
 */
void throttle_free(struct throttle *throttle);

const char *throttle_tag(const struct throttle *throttle);
uint32_t throttle_serial(const struct throttle *throttle);
/* As last set; for the control thread. */
const struct throttle_spec *throttle_spec(const struct throttle *throttle);

/*
 * Charges one queued packet: `packets` segments (1 but for GSO packets), `bytes` in all. With
 * THROTTLE_CONNECTIONS it is one, however many segments. True: within; false: over, and nothing is
 * charged.
 */
bool throttle_charge(struct throttle *throttle, const struct facts *facts, uint32_t packets,
		     uint64_t bytes, uint64_t now_ns);

/*
 * The same in steps, so that the packets of a batch wait for the memory of their sessions side by
 * side. A worker keeps an array of tickets, several for a packet where several throttles apply, in
 * the order of the packets:
 *
 *   1. throttle_ticket_make() for each. What of the facts matters is copied.
 *   2. throttle_tickets_fetch() once for all. It changes nothing and takes no lock: what it fetched
 *      may be out of date by the time of the charge, which is exact all the same. It can be left
 *      out, and pays from two tickets on.
 *   3. throttle_ticket_charge() one after the other, in the order of the packets, as
 *      throttle_charge(). A ticket may be charged more than once, or not at all.
 *
 * Tickets are worth keeping only for the batch, and hold no reference to their throttle.
 */
void throttle_ticket_make(struct throttle *throttle, const struct facts *facts,
			  struct throttle_ticket *ret_ticket);
void throttle_tickets_fetch(struct throttle_ticket *tickets, unsigned count);
bool throttle_ticket_charge(const struct throttle_ticket *ticket, uint32_t packets, uint64_t bytes,
			    uint64_t now_ns);

/*
 * Sets limits, count, max and expire; sessions keep what they have used. 0; -EINVAL as
 * throttle_new(); -ENOTSUP where kind, session fields or mask differ: that needs a new throttle.
 */
int throttle_change(struct throttle *throttle, const struct throttle_spec *spec);

/* Forgets up to `steps` sessions that are expired or more than max; returns how many. */
uint32_t throttle_tidy(struct throttle *throttle, uint64_t now_ns, uint32_t steps);

void throttle_figures(struct throttle *throttle, struct throttle_figures *ret_figures);

typedef void (*throttle_visit)(const struct throttle_session *session, void *context);

/*
 * Visits the sessions beside the packets, up to `steps` slots a call, from *cursor (0 to begin)
 * on; in no order. Expired ones are left out. Each session that lives all the time is visited
 * once. False: that was the end.
 */
bool throttle_export(struct throttle *throttle, uint32_t *cursor, uint32_t steps, uint64_t now_ns,
		     throttle_visit visit, void *context);

/*
 * Visits the sessions that were charged since the visits before, `steps` a call, for as long as it
 * is true; false: that was the round. The throttle keeps the place, so that there can be one caller
 * only. What is charged during a round is in the next one at the latest; nothing is missed but what
 * is evicted or expires first. Workers wait no longer than a few sessions take to be copied.
 */
bool throttle_export_changed(struct throttle *throttle, uint32_t steps, uint64_t now_ns,
			     throttle_visit visit, void *context);
/* What has been charged so far counts as exported, because it is in the file already. */
void throttle_skip_changed(struct throttle *throttle);
/* True where throttle_export_changed() would visit any. */
bool throttle_has_changed(struct throttle *throttle);

/*
 * Makes a session as exported, by a throttle of the same kind and session fields, `now_ns` being
 * the time of the export on today's clock (add what has passed since to the distances). In
 * ascending `order`; one more than max evicts the first. A session that is there already is
 * replaced and becomes the one used last. For before the workers start: times of use do not go
 * back.
 */
void throttle_import(struct throttle *throttle, const struct throttle_session *session,
		     uint64_t now_ns);

/* After the imports, which count evictions: what throttle_figures() said then. */
void throttle_set_totals(struct throttle *throttle, uint64_t passed, uint64_t over,
			 uint64_t evicted);

#endif
