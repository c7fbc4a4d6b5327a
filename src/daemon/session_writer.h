/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the thread of session_file.h does once a second, without the thread: takes what has changed
 * out of the throttles, block by block, and writes it; and a new file with a base where the old one
 * has grown to more than twice what a base needs, or where there is none that has everything.
 *
 * session_writer_set() may be called while session_writer_round() runs on another thread: throttles
 * are only touched under a lock, which is held for one block at a time and never while writing.
 *
 * The base is taken by throttle_export(), which leaves alone what throttle_export_changed() has to
 * tell: so nothing that a base has seen is missing in the file that is still in place.
 */
#ifndef DAEMON_SESSION_WRITER_H
#define DAEMON_SESSION_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/session_time.h"
#include "throttle/throttle.h"

/* What the file may have beyond twice what a base needs, so that few sessions make no base. */
#define SESSION_WRITER_SLACK_BYTES (8u << 20)
/* After failures: the most rounds until the next attempt to make a new file. */
#define SESSION_WRITER_PAUSE_MAX 64

struct session_writer;

/* A sentence for the log. */
typedef void (*session_report)(void *context, bool is_error, const char *message);
/* Sets both clocks (session_time_update() but in tests). */
typedef void (*session_clock)(struct session_time *time);

struct session_writer_options {
	const char *state_dir; /* copied */
	struct session_time now;
	session_clock clock;
	session_report report;
	void *context;
};

struct session_writer *session_writer_new(const struct session_writer_options *options);
/* Writes what has changed since, waits for a new file to be whole, frees. NULL is fine. */
void session_writer_free(struct session_writer *writer);

/* As session_file_set_throttles(). */
void session_writer_set(struct session_writer *writer, struct throttle *const *throttles,
			size_t count);

/*
 * Once a second. Reports the first of several failures, and when all is well again. True: a new
 * file is still on its way to the disk, which nobody but tests need wait for.
 */
bool session_writer_round(struct session_writer *writer);

#endif
