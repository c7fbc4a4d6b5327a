/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What makes the throttles' sessions last: the file `sessions` in the state directory, written
 * beside the packets.
 *
 *   session_file_load           before the workers start
 *   session_file_start          then: from now on a thread writes, once a second, what has changed
 *   session_file_set_throttles  at each reload: before a throttle is freed, and after one was made
 *   session_file_stop           after the workers have ended: writes what is left
 *
 * A stop loses nothing, the end of the daemon by whatever signal what was counted in its last
 * second. Nothing is forced to the disk each second, which would wear flash memory out: what was
 * written is the kernel's and outlives the daemon; where the power fails, what the kernel had not
 * yet written back is lost (some 30 s) and the file is cut there.
 *
 * The thread has the priority of any other: it takes a shard's lock for the time that a few
 * sessions take to be copied, and a thread of idle priority that loses its processor just then
 * would keep packets waiting.
 */
#ifndef DAEMON_SESSION_FILE_H
#define DAEMON_SESSION_FILE_H

#include <stddef.h>

#include "daemon/session_time.h"
#include "daemon/session_writer.h"
#include "throttle/throttle.h"

#define SESSION_FILE_DAMAGED "sessions.damaged"

struct session_file;

/*
 * Fills the throttles, which are new and empty, with the sessions that the file has for their tags,
 * as they are at `now`. Sessions of a throttle whose kind, fields or mask are others are dropped,
 * as are expired ones and, of more than max, those used longest ago.
 *
 * Returns 0, also where there is no file. Otherwise *ret_message says what is wrong, for the log
 * (the caller frees it), and nothing is to be done about it: -EBADMSG: the file is damaged and was
 * renamed to sessions.damaged; what stands before the damage is loaded. -EPROTONOSUPPORT: it is of
 * an unknown version; renamed as well. Another errno: it could not be read, cut or renamed.
 */
int session_file_load(const char *state_dir, struct throttle *const *throttles, size_t count,
		      const struct session_time *now, char **ret_message);

/*
 * Starts the thread, without throttles at first. What it has to report (errors once, not every
 * second, and when they are over) it gives to `report`, on its own thread. 0 or negative errno.
 * `state_dir` is copied, and made when there is something to write.
 */
int session_file_start(const char *state_dir, session_report report, void *context,
		       struct session_file **ret_file);

/*
 * From now on these throttles are written; the array is copied. When it returns (within about a
 * millisecond), throttles that are no longer in it may be freed. The ones given first, before any
 * were set, continue what was loaded; those that come later begin anew: what the file has of
 * earlier ones of their tags is void. A throttle that has been taken out is not put in again. Call
 * it even where there are none.
 */
void session_file_set_throttles(struct session_file *file, struct throttle *const *throttles,
				size_t count);

/* Ends the thread, writes what has changed since, and frees. NULL is fine. */
void session_file_stop(struct session_file *file);

#endif
