/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What must outlast the daemon: which id and HTB minor each name has. Kept twice: in the state
 * file, and by the kernel in the table itself, so that either may be lost.
 */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include <stdint.h>

#include "engine/plan.h"

struct state {
	uint32_t mark_mask; /* 0: not known; the ids out of a table do not tell it */
	struct ids ids;     /* empty: nothing is known of an earlier run */
};

void state_fini(struct state *state);

/*
 * Reads the state file. A file that is not there is no error. Returns 0; -EBADMSG for a damaged
 * file, which is taken as absent; or the errno of opening it.
 */
int state_load(const char *state_dir, struct state *ret_state);

/* Writes the state file through a temporary one that replaces it when it is complete. 0 or
 * negative errno. */
int state_save(const char *state_dir, const struct state *state);

/*
 * What is known of an earlier run: the state file, else the table in the kernel (which needs
 * privileges; without them it is passed over). Returns what state_load() said; *ret_state is
 * valid in any case.
 */
int state_recall(const char *state_dir, struct state *ret_state);

/*
 * Takes the ids of a plan that is in force into *known and writes the state file. Where that fails
 * it is a message only: the kernel has the ids, too.
 */
void state_remember(struct state *known, const char *state_dir, const struct plan *plan);

#endif
