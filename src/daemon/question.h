/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A queued packet as the rules see it: what judge.c decides on. */
#ifndef DAEMON_QUESTION_H
#define DAEMON_QUESTION_H

#include "engine/decide.h"
#include "engine/path.h"
#include "kernel/link.h"
#include "kernel/nfqueue.h"
#include "owner/owners.h"
#include "util/clock.h"

/* What every question of a batch needs; belongs to the thread. */
struct questioner {
	struct link_names *names; /* borrowed */
	struct geo_cache *geo_cache;
	uint64_t now_ns; /* CLOCK_MONOTONIC, once for each batch */
	struct local_time local;
};

struct question {
	const struct nfqueue_packet *queued;
	struct packet packet;
	struct packet_origin origin;
	struct facts facts;
	struct charge charge;
	/* The connection's original direction, which is another one for replies. */
	struct packet original;
	struct path path;
	bool is_remembered;     /* the path was known before this packet */
	enum owner_level wants; /* what it cannot be decided without */
	struct owner owner;     /* of the local end, as far as it was looked up */
	struct decision decision;
};

/*
 * Fills all but the path; facts and charge point into *question, which must stay where it is.
 * `is_reply`: a packet of the reply direction. 0, or a negative errno where the packet cannot be
 * understood.
 */
int question_read(struct question *question, const struct questioner *by,
		  const struct snapshot *snapshot, const struct nfqueue_packet *queued,
		  bool is_reply);

/* Whom to ask for: who has the local end of the connection, which is not a forwarded one. */
struct owner_query question_owner_query(const struct question *question, bool is_reply);

/* The facts of a packet of the original direction, without an owner. */
struct facts question_original_facts(const struct question *question, const struct questioner *by,
				     const struct snapshot *snapshot, bool is_reply);

#endif
