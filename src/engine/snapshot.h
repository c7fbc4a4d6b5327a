/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything that a decision needs, compiled from one reading of the configuration: never changed
 * afterwards, read by all workers. Two snapshots may share what was compiled (the rules) and the
 * throttles with their sessions; all of these belong to the control thread and are counted.
 */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include "config/config.h"
#include "engine/plan.h"
#include "engine/throttle_list.h"
#include "rules/geo.h"
#include "rules/ruleset.h"
#include "util/diag.h"

#define SNAPSHOT_NO_THROTTLE UINT32_MAX
#define SNAPSHOT_ANSWERS 64u /* tests on the owner, of which a path keeps the answers */

/* What a rule does, in numbers. */
struct snapshot_rule {
	uint32_t id;        /* the connection's decision; 0: the search goes on behind it */
	uint32_t queued_id; /* the same where its packets stay queued; refusals have but one */
	uint32_t throttle;  /* position in throttles, or SNAPSHOT_NO_THROTTLE */
	bool counts_packets;
	uint8_t n_owner_tests;  /* whose answers are kept for later packets; of those it counts */
	bool is_by_user;        /* the throttle's sessions are by user: it has to be looked up */
	enum outcome_kind over; /* OUTCOME_DROP, OUTCOME_REJECT or OUTCOME_CLASS */
	uint32_t over_id;       /* of that class, and the same queued; 0: there is no such id */
	uint32_t over_queued_id;
};

struct rulebook; /* what snapshots share */

struct snapshot {
	struct rulebook *rulebook; /* owns the next three */
	const struct config *config;
	const struct ruleset *ruleset;
	const struct geo *geo; /* NULL: no rule asks for a country, or no database is named */
	struct plan *plan;
	struct snapshot_rule *rules; /* one for each rule */
	enum config_in_via auto_via;
	size_t n_throttle_rules;
	uint32_t default_id; /* what no rule settles, and the same where its packets stay queued */
	uint32_t default_queued_id;
	struct throttle_list list;
	struct throttle **throttles; /* at the list's positions; NULL before snapshot_open() */
	uint32_t *calls;             /* position in throttles by call id, 1 … max_id */
	uint32_t max_id;
	unsigned holds; /* so many snapshot_free() leave it as it is */
};

/* What is known of earlier runs and of the kernel. All zero: nothing. */
struct snapshot_known {
	struct ids ids;
	struct throttle_list throttles; /* those made by command, and the serials of the others */
	bool lacks_ifb;                 /* `in-via: auto` means police here */
};

/* Reads, checks, compiles and plans. NULL with errors in *diags. `known`: as plan_new(). */
struct snapshot *snapshot_load(const char *path, const struct snapshot_known *known,
			       struct diags *diags);

/* The same out of files that were kept, as config_load_kept(). */
struct snapshot *snapshot_load_kept(struct config_files *files, const struct snapshot_known *known,
				    struct diags *diags);

/* The same rules as those of `from`, as if its file had just been read again. */
struct snapshot *snapshot_renew(const struct snapshot *from, const struct snapshot_known *known,
				struct diags *diags);

/* Forgets the bytes of the files (config->files), once they are kept or not needed. */
void snapshot_drop_files(struct snapshot *snapshot);

/*
 * The same rules with other throttles, or another meaning of `in-via: auto`; what is said of
 * snapshot_load() holds. `list` is copied.
 */
struct snapshot *snapshot_derive(const struct snapshot *from, const struct throttle_list *list,
				 const struct ids *known, enum config_in_via auto_via,
				 struct diags *diags);
void snapshot_free(struct snapshot *snapshot);

/* For one more user, who calls snapshot_free(), too. The control thread, as all of this. */
struct snapshot *snapshot_hold(struct snapshot *snapshot);

/*
 * Gives the snapshot its throttles: those of `before` (NULL: none) that have the same tag and make
 * the same sessions, new ones else. Changes nothing of what is in use. 0 or -ENOMEM; -EINVAL where
 * the list has a throttle that there cannot be, which neither the file nor a command can make.
 */
int snapshot_open(struct snapshot *snapshot, const struct snapshot *before);

/* Puts the limits of the list into force, also in throttles taken over. */
void snapshot_apply_limits(struct snapshot *snapshot);

/*
 * The most that some rule, or a throttle whose sessions are by user, asks of the owners of
 * connections. OWNER_NOTHING: nothing of them is ever looked up.
 */
enum owner_level snapshot_owner_level(const struct snapshot *snapshot);

/* The throttle that a mark's id calls, or NULL. */
const struct throttle_item *snapshot_call(const struct snapshot *snapshot, uint32_t id,
					  struct throttle **ret_throttle);

#endif
