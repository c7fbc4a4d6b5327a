/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running daemon: what it owns, the order in which it is set up and taken down. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "daemon/aftermath.h"
#include "daemon/confirm.h"
#include "daemon/control.h"
#include "daemon/decision_log.h"
#include "daemon/guard.h"
#include "daemon/hours.h"
#include "daemon/incoming.h"
#include "daemon/locks.h"
#include "daemon/losses.h"
#include "daemon/netstat.h"
#include "daemon/police.h"
#include "daemon/reload.h"
#include "daemon/remark.h"
#include "daemon/session_file.h"
#include "daemon/shaping.h"
#include "daemon/state.h"
#include "daemon/watchdog.h"
#include "daemon/worker.h"
#include "engine/snapshot.h"
#include "kernel/features.h"

struct daemon_options {
	const char *config_path; /* as given, for messages */
	const char *config_file; /* the same, whatever the working directory is */
	const char *run_dir;
	const char *state_dir;
	bool foreground;
	unsigned confirm_s; /* it goes back unless it is confirmed in that time; 0: no */
};

struct daemon {
	const struct daemon_options *options;
	struct features features;
	struct state state; /* what is known of this run and of earlier ones */
	struct snapshot *snapshot;
	struct session_file *session_file;
	ev_timer tidy_timer;     /* of sessions */
	struct owners *owners;   /* NULL: nothing has asked for them so far */
	struct worker **workers; /* snapshot->plan->workers of them */
	struct shaping shaping;
	struct incoming incoming;
	struct police police;
	struct guard guard;
	struct watchdog watchdog;
	struct decision_log decision_log;
	struct losses losses;
	struct netstat netstat;
	struct locks locks;
	struct ev_loop *loop;
	struct control *control;
	struct confirm confirm;
	struct remark remark;
	struct aftermath aftermath;
	struct reloading reloading;
	struct hours hours;
	ev_signal signals[3]; /* SIGTERM, SIGINT, SIGHUP */
};

/*
 * Starts, runs and stops. Detaches once everything is in place unless options->foreground.
 * Returns the exit status: 0, or 1 after a message that says what failed; then everything in the
 * kernel is as it was.
 */
int daemon_run(const struct daemon_options *options);

#endif
