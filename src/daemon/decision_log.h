/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every decision in the log, with -V 4: a line for each packet that was judged. A flood is not
 * shown whole: so many lines in a second, and the number of those that are missing.
 */
#ifndef DAEMON_DECISION_LOG_H
#define DAEMON_DECISION_LOG_H

#include <ev.h>
#include <stdint.h>

struct worker;
struct decision_entry;

struct decision_log {
	ev_timer timer;
	struct worker *const *workers; /* borrowed */
	unsigned n_workers;
	uint64_t lost; /* that were told of */
};

/* From now on, if that level is shown. */
void decision_log_watch(struct decision_log *log, struct worker *const *workers, unsigned n_workers,
			struct ev_loop *loop);

/* Shows what is there. Before a snapshot is freed that the workers have let go of: entries name
 * it. Nothing to do where nothing is watched. */
void decision_log_flush(struct decision_log *log);
void decision_log_stop(struct decision_log *log, struct ev_loop *loop);

/* One entry as a text, to be freed by the caller. */
char *decision_log_text(const struct decision_entry *entry);

#endif
