/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is judged by, and what it counts; made anew for each snapshot. */
#ifndef DAEMON_BENCH_H
#define DAEMON_BENCH_H

#include "engine/path.h"
#include "engine/snapshot.h"
#include "owner/owners.h"

struct bench {
	const struct snapshot *snapshot;
	bool asks_owners;             /* some rule does, or the sessions of some throttle */
	struct owner_finder *finder;  /* borrowed; NULL: nothing has asked for owners so far */
	struct rule_figures *figures; /* one for each rule */
	uint32_t *steps;              /* room for the paths of a batch */
	bool forgets;                 /* paths of the bench before, though its rules are the same */
};

/*
 * Shares the figures of `before` (NULL: none) where that has the same rules. There must be a
 * finder where a packet may need it (snapshot_owner_level()).
 */
struct bench *bench_new(const struct snapshot *snapshot, struct owner_finder *finder,
			const struct bench *before);
/* `after` is the bench that was made with this one as `before`, or NULL. */
void bench_free(struct bench *bench, const struct bench *after);

#endif
