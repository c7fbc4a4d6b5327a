/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/preflight.h"

#include <errno.h>
#include <net/if.h>
#include <nfshaper/control.h>
#include <string.h>

#include "engine/lint.h"

/* What the file names and this machine does not have: right as it is, but worth a word. */
static void check_machine(const struct config *config, struct diags *diags)
{
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *interface = &config->interfaces[i];
		if (!if_nametoindex(interface->name))
			diag_warning(diags, interface->at,
				     "there is no interface `%s` now; it is shaped when it appears",
				     interface->name);
	}
}

/* The kernel has the ids as well; the throttles that were made by command it has not. */
static void check_state(int error, const char *state_dir, struct diags *diags)
{
	struct place at = {.file = state_dir};
	if (error == -EBADMSG)
		diag_warning(diags, at,
			     "%s is damaged or of another version, and not used: ids are taken from "
			     "the kernel, or given anew, and throttles that were made by command "
			     "are lost",
			     NFSHAPER_STATE_FILE);
	else if (error && error != -EACCES)
		diag_warning(diags, at, "%s: %s", NFSHAPER_STATE_FILE, strerror(-error));
}

static struct snapshot *look(struct snapshot *snapshot, struct diags *diags)
{
	if (snapshot) {
		check_machine(snapshot->config, diags);
		lint(snapshot->config, snapshot->ruleset, diags);
	}
	diags_sort(diags);
	return snapshot;
}

struct snapshot *preflight_known(const char *config_path, const struct snapshot_known *known,
				 struct diags *diags)
{
	return look(snapshot_load(config_path, known, diags), diags);
}

struct snapshot *preflight_kept(struct config_files *files, const struct snapshot_known *known,
				struct diags *diags)
{
	return look(snapshot_load_kept(files, known, diags), diags);
}

struct snapshot *preflight(const char *config_path, const char *state_dir,
			   struct state *ret_earlier, struct diags *diags)
{
	check_state(state_recall(state_dir, ret_earlier), state_dir, diags);
	return preflight_known(config_path, &ret_earlier->known, diags);
}
