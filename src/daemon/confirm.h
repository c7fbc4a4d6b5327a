/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `--confirm`: a configuration that goes back by itself unless somebody says in time that it is
 * right, so that nobody locks himself out of a remote machine.
 *
 * What was confirmed, by an ordinary start or reload or by `confirm`, is kept in the state
 * directory (kept.h). Before a configuration is put in force with --confirm, it is kept there too,
 * as unconfirmed. When its time is over,
 *
 *   - a reload goes back to the snapshot before it, which is held for that;
 *   - a start goes back to the last confirmed configuration, or ends the daemon where there is
 * none.
 *
 * A start that finds the very files that were not confirmed takes the last confirmed ones instead:
 * so it is after a crash, and after a reboot long afterwards. While a confirmation is awaited, no
 * other reload is taken.
 */
#ifndef DAEMON_CONFIRM_H
#define DAEMON_CONFIRM_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>

#include "util/diag.h"

struct daemon;
struct snapshot;

#define CONFIRM_MAX_S 86400u

struct confirm {
	ev_timer timer;          /* active: a confirmation is awaited */
	struct snapshot *before; /* what a reload goes back to; NULL: it is a start */
	bool is_copy;            /* what is in force was read from the copy, not from the file */
	bool is_restart;         /* the daemon starts anew when it has stopped, from the copy */
};

/*
 * Before a start: where the daemon's snapshot is what was not confirmed, it is exchanged for the
 * last confirmed one, with a warning. 0, or a negative errno after a message.
 */
int confirm_choose(struct daemon *daemon);

/* The last confirmed configuration as the daemon's snapshot. 0, or a negative errno after a
 * message. */
int confirm_load(struct daemon *daemon);

/*
 * Before the kernel is changed for a snapshot: false, and an error in *diags, where a confirmation
 * is awaited already, or this one cannot be kept. `seconds`: until it goes back; 0: it is confirmed
 * by itself.
 */
bool confirm_begin(struct daemon *daemon, const struct snapshot *snapshot, unsigned seconds,
		   struct diags *diags);

/* Afterwards: the daemon's snapshot is in force, or, where it failed, everything is as before. */
void confirm_end(struct daemon *daemon, unsigned seconds, bool is_in_force);

bool confirm_is_awaited(const struct daemon *daemon);

/* While it is awaited: it is confirmed. 0, or a negative errno where that cannot be kept. */
int confirm_accept(struct daemon *daemon);

/* While it is awaited: goes back at once. */
void confirm_refuse(struct daemon *daemon);

/* For `status`: {"seconds_left": …} or null. */
json_t *confirm_json(struct daemon *daemon);

/* The daemon stops: nothing is awaited any more. */
void confirm_stop(struct daemon *daemon);

#endif
