/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the configuration as a start would, without touching anything: also for `check`,
 * `explain` and `show`. */
#ifndef DAEMON_PREFLIGHT_H
#define DAEMON_PREFLIGHT_H

#include "daemon/state.h"
#include "engine/snapshot.h"
#include "util/diag.h"

/*
 * Loads the snapshot with what is known of an earlier run, which is left in *ret_earlier (to be
 * emptied with state_fini(), also on failure). Adds warnings on what this machine lacks and
 * on what cannot be meant (engine/lint.h), and sorts *diags. NULL where there are errors.
 */
struct snapshot *preflight(const char *config_path, const char *state_dir,
			   struct state *ret_earlier, struct diags *diags);

/* The same with what is known already. */
struct snapshot *preflight_known(const char *config_path, const struct snapshot_known *known,
				 struct diags *diags);

/* The same out of files that were kept; *files is emptied. */
struct snapshot *preflight_kept(struct config_files *files, const struct snapshot_known *known,
				struct diags *diags);

#endif
