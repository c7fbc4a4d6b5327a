/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/diags_json.h"
#include "daemon/notify.h"
#include "daemon/preflight.h"
#include "daemon/ruleset.h"
#include "daemon/shaping.h"
#include "util/alloc.h"
#include "util/log.h"

/* What workers and marks cannot follow; NULL where there is nothing of the kind. */
static const char *needs_restart(const struct plan *old, const struct plan *new)
{
	if (old->mark_mask != new->mark_mask)
		return "mark-mask";
	if (old->queue_first != new->queue_first || old->workers != new->workers ||
	    old->queue_length != new->queue_length || old->fail_open != new->fail_open)
		return "queue";
	if (new->ids_forgotten)
		return "mark-mask (no room is left for ids that no living connection bears)";
	return NULL;
}

/* The classes and the table as the new plan has them; on failure as the old one has them. */
static int change_kernel(struct daemon *daemon, const struct plan *plan, char **ret_why)
{
	struct shaping shaping;
	int result = shaping_start(&shaping, plan, ret_why);
	if (result) {
		shaping_repair(&daemon->shaping);
		return result;
	}
	result = ruleset_put(daemon, plan, ret_why);
	if (result) {
		shaping_undo(&shaping, daemon->loop);
		shaping_repair(&daemon->shaping);
		return result;
	}
	shaping_stop(&daemon->shaping, daemon->loop, plan);
	daemon->shaping = shaping;
	shaping_watch(&daemon->shaping, daemon->loop);
	return 0;
}

void reload_take(struct daemon *daemon, struct snapshot *snapshot)
{
	struct snapshot *before = daemon->snapshot;
	police_stop(&daemon->police, daemon->loop);
	police_watch(&daemon->police, snapshot->plan, daemon->loop);
	snapshot_apply_limits(snapshot);
	daemon->snapshot = snapshot;
	for (unsigned i = 0; i < snapshot->plan->workers; i++)
		worker_switch(daemon->workers[i], snapshot);
	if (daemon->session_file)
		session_file_set_throttles(daemon->session_file, snapshot->throttles,
					   snapshot->list.count);
	decision_log_flush(&daemon->decision_log);
	snapshot_free(before);
	state_remember(&daemon->state, daemon->options->state_dir, snapshot);
}

int reload_apply(struct daemon *daemon, struct snapshot *snapshot, struct diags *diags)
{
	const char *restart = needs_restart(daemon->snapshot->plan, snapshot->plan);
	struct place whole_file = {.file = daemon->snapshot->config->path};
	char *why = NULL;
	int error = -EINVAL;
	if (restart)
		why = xasprintf("a change of `%s` needs stop and start", restart);
	else if (incoming_choose(&daemon->incoming, &daemon->state.known, &snapshot, &why))
		error = -EOPNOTSUPP;
	else if (snapshot_open(snapshot, daemon->snapshot))
		why = xstrdup("no memory for the tables of sessions");
	else
		error = change_kernel(daemon, snapshot->plan, &why);
	if (error) {
		diag_error(diags, whole_file, "%s", why ? why : strerror(-error));
		snapshot_free(snapshot);
	} else {
		tzset(); /* for clock_local(): the zone may have changed, too */
		reload_take(daemon, snapshot);
	}
	free(why);
	return error;
}

static void log_diag(const struct diag *diag)
{
	char *place = diag->line ? xasprintf(":%u:%u", diag->line, diag->column) : xstrdup("");
	char *line = xasprintf("%u", diag->line);
	const struct log_field fields[] = {
		{"NFSHAPER_EVENT", "configuration"},
		{"NFSHAPER_FILE", diag->file},
		{"NFSHAPER_LINE", diag->line ? line : NULL},
	};
	log_event(diag->severity == DIAG_ERROR ? LOG_IS_ERROR : LOG_IS_WARNING, fields, 3,
		  "%s%s: %s", diag->file, place, diag->message);
	free(line);
	free(place);
}

void reload_log(const struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		log_diag(&diags->items[i]);
}

static void log_result(bool is_in_force)
{
	const struct log_field fields[] = {
		{"NFSHAPER_EVENT", is_in_force ? "reloaded" : "not-reloaded"}};
	if (is_in_force)
		log_event(LOG_IS_INFO, fields, 1, "reloaded");
	else
		log_event(LOG_IS_ERROR, fields, 1,
			  "not reloaded: the configuration before stays in force");
}

json_t *reload(struct daemon *daemon, unsigned confirm_s)
{
	struct diags diags;
	bool is_in_force = false;
	notify_reloading();
	diags_init(&diags);
	struct snapshot *snapshot =
		preflight_known(daemon->options->config_file, &daemon->state.known, &diags);
	if (snapshot && !confirm_begin(daemon, snapshot, confirm_s, &diags)) {
		snapshot_free(snapshot);
	} else if (snapshot) {
		is_in_force = reload_apply(daemon, snapshot, &diags) == 0;
		daemon->confirm.is_copy &= !is_in_force;
		confirm_end(daemon, confirm_s, is_in_force);
	}
	reload_log(&diags);
	log_result(is_in_force);
	json_t *answer = diags_json(&diags);
	json_object_set_new(answer, "reloaded", json_boolean(is_in_force));
	json_object_set_new(answer, "confirm", confirm_json(daemon));
	diags_fini(&diags);
	notify_send("READY=1");
	return answer;
}
