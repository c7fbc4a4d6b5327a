/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What must outlast the daemon: which id and HTB minor each name has, kept twice, in the state file
 * and by the kernel in the table itself, so that either may be lost; the serial numbers of
 * throttles, and what throttles were made by command. Their sessions are in a file of their own
 * (session_file.h).
 */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/snapshot.h"

struct state {
	uint32_t mark_mask; /* 0: not known; the ids out of a table do not tell it */
	struct snapshot_known known; /* without ids: nothing is known of an earlier run */
	bool is_damaged;             /* the file, which the next one must not replace */
};

void state_fini(struct state *state);

/*
 * Reads the state file. A file that is not there is no error. Returns 0; -EBADMSG for a damaged
 * file or one of another version, which is taken as absent; or the errno of opening it.
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
 * Takes what a snapshot that is in force knows into *state and writes the state file. Where that
 * fails it is a message only: the kernel has the ids, too. A damaged file is set aside before.
 */
void state_remember(struct state *state, const char *state_dir, const struct snapshot *snapshot);

#endif
