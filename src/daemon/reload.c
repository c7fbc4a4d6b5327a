/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/daemon.h"
#include "daemon/diags_json.h"
#include "daemon/notify.h"
#include "daemon/ownership.h"
#include "daemon/preflight.h"
#include "daemon/ruleset.h"
#include "daemon/shaping.h"
#include "util/alloc.h"
#include "util/log.h"

/* After that, who asks is answered. */
#define PATIENCE_S 10.

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

/* The classes and the table as the new plan has them, and what the old one has beside; on failure
 * as the old one has them. */
static int change_kernel(struct daemon *daemon, const struct plan *plan, char **ret_why)
{
	struct shaping shaping;
	int result = shaping_start(&shaping, plan, ret_why);
	if (result) {
		shaping_tidy(&daemon->shaping, daemon->loop);
		return result;
	}
	result = ruleset_put(daemon, plan, ret_why);
	if (result) {
		shaping_undo(&shaping, daemon->loop);
		shaping_tidy(&daemon->shaping, daemon->loop);
		return result;
	}
	shaping_end(&daemon->shaping, daemon->loop);
	daemon->shaping = shaping;
	shaping_watch(&daemon->shaping, daemon->loop);
	return 0;
}

/* The snapshot, which is opened, in place of the one in force; the table has been put in. */
static void take(struct daemon *daemon, struct snapshot *snapshot)
{
	struct snapshot *before = daemon->snapshot;
	police_stop(&daemon->police, daemon->loop);
	police_watch(&daemon->police, snapshot->plan, daemon->loop);
	snapshot_apply_limits(snapshot);
	daemon->snapshot = snapshot;
	daemon->shaping.plan = snapshot->plan;
	for (unsigned i = 0; i < snapshot->plan->workers; i++)
		worker_switch(daemon->workers[i], snapshot);
	if (daemon->session_file)
		session_file_set_throttles(daemon->session_file, snapshot->throttles,
					   snapshot->list.count);
	decision_log_flush(&daemon->decision_log);
	snapshot_free(before);
	state_remember(&daemon->state, daemon->options->state_dir, snapshot);
}

/* What living connections bear is kept until they are judged again, but where the table is the
 * user's: it has what the new plan says, and does not know these. */
static int change(struct daemon *daemon, struct snapshot *snapshot, char **ret_why)
{
	if (!snapshot->plan->manual_table)
		plan_keep(snapshot->plan, daemon->snapshot->plan);
	/* It reads the snapshot that goes. Only what goes back by itself comes meanwhile. */
	bool was_on = aftermath_is_on(daemon);
	remark_stop(&daemon->remark);
	int error = change_kernel(daemon, snapshot->plan, ret_why);
	if (!error) {
		tzset(); /* for clock_local(): the zone may have changed, too */
		take(daemon, snapshot);
		hours_watch(daemon);
	}
	if (!error || was_on)
		aftermath_begin(daemon);
	return error;
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
		error = ownership_open(daemon, snapshot, &why);
	if (!error)
		error = change(daemon, snapshot, &why);
	if (error) {
		diag_error(diags, whole_file, "%s", why ? why : strerror(-error));
		snapshot_free(snapshot);
	}
	free(why);
	return error;
}

static bool has_kept(const struct plan *plan)
{
	return plan->ids.count > plan->n_own_ids;
}

int reload_derive(struct daemon *daemon, const struct throttle_list *list, bool keeps,
		  char **ret_why)
{
	const struct snapshot *now = daemon->snapshot;
	struct diags diags;
	diags_init(&diags);
	struct snapshot *snapshot =
		snapshot_derive(now, list, &daemon->state.known.ids, now->auto_via, &diags);
	int error = snapshot ? snapshot_open(snapshot, now) : -EINVAL;
	if (snapshot && keeps && has_kept(now->plan))
		plan_keep(snapshot->plan, now->plan);
	if (!snapshot) {
		*ret_why = xstrdup(diags.items[0].message);
	} else if (error) {
		*ret_why = xstrdup("no memory for the table of sessions");
	} else if (snapshot->plan->ids_forgotten) {
		error = -ENOSPC;
		*ret_why = xstrdup("mark-mask has no room for another id: stop and start, or "
				   "choose a wider one");
	} else {
		error = ownership_open(daemon, snapshot, ret_why);
	}
	if (!error)
		error = ruleset_put(daemon, snapshot->plan, ret_why);
	if (error)
		snapshot_free(snapshot);
	else
		take(daemon, snapshot);
	diags_fini(&diags);
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

static void end(struct daemon *daemon, bool is_in_force)
{
	struct reloading *now = &daemon->reloading;
	ev_timer_stop(daemon->loop, &now->patience);
	daemon->confirm.is_copy &= !is_in_force;
	if (now->has_begun)
		confirm_end(daemon, now->confirm_s, is_in_force);
	reload_log(&now->diags);
	log_result(is_in_force);
	json_t *answer = diags_json(&now->diags);
	json_object_set_new(answer, "reloaded", json_boolean(is_in_force));
	json_object_set_new(answer, "confirm", confirm_json(daemon));
	json_object_set_new(answer, "remark",
			    is_in_force ? remark_json(&daemon->remark) : json_null());
	if (now->request)
		control_answer(now->request, answer);
	else
		json_decref(answer);
	diags_fini(&now->diags);
	snapshot_free(now->before);
	*now = (struct reloading){0};
	notify_send("READY=1");
}

/* It cannot be undone any more; `status` tells how far it is. */
static void on_impatience(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	end(timer->data, true);
}

/* True where the new snapshot is in force, and living connections are being judged. */
static bool begin(struct daemon *daemon)
{
	struct reloading *now = &daemon->reloading;
	struct snapshot *snapshot =
		preflight_known(daemon->options->config_file, &daemon->state.known, &now->diags);
	if (!snapshot)
		return false;
	now->before = snapshot_renew(daemon->snapshot, &daemon->state.known, &now->diags);
	now->has_begun =
		now->before && confirm_begin(daemon, snapshot, now->confirm_s, &now->diags);
	if (now->has_begun)
		return reload_apply(daemon, snapshot, &now->diags) == 0;
	snapshot_free(snapshot);
	return false;
}

void reload(struct daemon *daemon, struct control_request *request, unsigned confirm_s)
{
	struct reloading *now = &daemon->reloading;
	*now = (struct reloading){.is_going_on = true, .request = request, .confirm_s = confirm_s};
	diags_init(&now->diags);
	ev_timer_init(&now->patience, on_impatience, PATIENCE_S, 0.);
	now->patience.data = daemon;
	notify_reloading();
	if (!begin(daemon)) {
		end(daemon, false);
		return;
	}
	ev_now_update(daemon->loop);
	ev_timer_start(daemon->loop, &now->patience);
}

/* 0, or a negative errno with another error in the diags; then the new one stays. */
static int undo(struct daemon *daemon)
{
	struct reloading *now = &daemon->reloading;
	struct place whole_file = {.file = daemon->snapshot->config->path};
	struct snapshot *before = snapshot_renew(now->before, &daemon->state.known, &now->diags);
	char *why = remark_error_text(&daemon->remark);
	diag_error(&now->diags, whole_file, "living connections could not be judged again, %s",
		   why);
	free(why);
	if (!before)
		return -EINVAL;
	snapshot_drop_files(before);
	return reload_apply(daemon, before, &now->diags);
}

void reload_settle(struct daemon *daemon)
{
	if (!daemon->reloading.is_going_on)
		return;
	end(daemon, !daemon->remark.error.code || undo(daemon));
}

void reload_stop(struct daemon *daemon)
{
	if (daemon->reloading.is_going_on)
		end(daemon, true);
}
