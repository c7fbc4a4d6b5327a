/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of a connection through the rules, and what throttles on it make of each packet.
 *
 *   path_find     the connection's first packet: which rule settles it, and which rules with a
 *                 throttle it meets before that (ruleset_match_from, again and again)
 *   path_ticket   each packet: what it will ask of them, so that their memory can be fetched for a
 *                 whole batch (throttle.h); may be left out
 *   path_charge   each packet: the throttles one after the other, until one is over its limit
 *
 * Finding and charging are apart because matching does not depend on what throttles say, and
 * because the path of a connection whose packets stay queued is remembered (daemon/flows.h): a
 * throttle applies to the connections whose first packet reached and matched its rule.
 */
#ifndef ENGINE_PATH_H
#define ENGINE_PATH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/snapshot.h"
#include "rules/facts.h"

struct path {
	int rule;               /* that settles the connection; -1: none does */
	uint32_t id;            /* its decision */
	uint32_t queued_id;     /* the same where its packets stay queued */
	bool is_open;           /* void: it depends on what is open, facts->open or the owner */
	enum owner_level wants; /* of the owner, to bring it nearer; or OWNER_NOTHING */
	bool has_uid;           /* the user is known: for sessions by user */
	uint32_t uid;
	uint64_t answers; /* of the steps' tests on the owner (ruleset_owner_answers()), one behind
			     the other, as many as there is room for */
	unsigned count;
	uint32_t *steps;    /* rules with a throttle in their order; room for all of the snapshot */
	unsigned n_tickets; /* of the first so many steps */
	struct throttle_ticket *tickets;
};

/* How often a rule matched, and how often its throttle was over; relaxed, one writer. */
struct rule_figures {
	_Atomic uint64_t hits;
	_Atomic uint64_t over;
};

struct charge {
	const struct facts *facts; /* of this packet */
	uint32_t packets;          /* segments, at least 1 */
	uint64_t bytes;
	uint64_t now_ns;              /* monotonic, of the batch */
	bool is_first;                /* the path was found by this very packet */
	bool is_new;                  /* connections are charged: it is not confirmed yet */
	struct rule_figures *figures; /* one for each rule, or NULL */
};

enum decision_kind {
	DECISION_STORE,  /* the connection's id */
	DECISION_PASS,   /* only this packet, which passes; nothing is stored */
	DECISION_DROP,   /* only this packet */
	DECISION_REJECT, /* only this packet */
};

struct decision {
	enum decision_kind kind;
	uint32_t id; /* of the plan's outcomes, with DECISION_STORE */
	int rule;    /* that settled it, or whose throttle is over; -1: none */
	bool is_over;
	bool is_counted; /* a throttle that counts packets was asked for this one */
};

/*
 * ret_path->steps is set by the caller; there are no tickets yet. Pure, as ruleset_match_from().
 * Where a rule that is still ahead asks for more of the owner than facts->owner has, or a throttle
 * on the path has sessions by user, it ends with ret_path->wants: to be looked up, and called
 * again. Where it asks for what facts->open says, there is no path: ret_path->is_open without
 * wants. In both cases it is that of what no rule settles. Later packets of the connection need no
 * owner; their facts have the path's user.
 */
void path_find(const struct snapshot *snapshot, const struct facts *facts, struct path *ret_path);

/* Makes tickets for the packet, as many as there is room for at ret_tickets. Returns how many. */
unsigned path_ticket(const struct snapshot *snapshot, struct path *path, const struct facts *facts,
		     struct throttle_ticket *ret_tickets, unsigned room);

/* True where the connection's packets stay queued: one of its throttles counts packets. */
bool path_is_queued(const struct snapshot *snapshot, const struct path *path);

/*
 * True where a throttle of connections on it may have put the connection into a class for what is
 * over, for life, and none of packets may: then the mark it has is right, whatever it is.
 */
bool path_is_in_mark(const struct snapshot *snapshot, const struct path *path);

/* How much of its owner has to be looked up for a packet whose mark calls the throttle with that
 * id. */
enum owner_level path_call_wants(const struct snapshot *snapshot, uint32_t call,
				 const struct facts *facts);

/*
 * Charges one packet and decides on it. A connection that is over a throttle which counts
 * connections, and goes to a class for it, is there for life: then the path ends at that rule.
 */
struct decision path_charge(const struct snapshot *snapshot, struct path *path,
			    const struct charge *charge);

/*
 * The same for a packet whose mark calls the throttle with that id. Without one it passes. `ticket`
 * is of that throttle and packet, or NULL.
 */
struct decision path_charge_call(const struct snapshot *snapshot, uint32_t call,
				 const struct throttle_ticket *ticket, const struct charge *charge);

#endif
