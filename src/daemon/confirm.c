/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/confirm.h"

#include <errno.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/kept.h"
#include "daemon/leftovers.h"
#include "daemon/preflight.h"
#include "daemon/reload.h"
#include "util/log.h"

bool confirm_is_awaited(const struct daemon *daemon)
{
	return ev_is_active(&daemon->confirm.timer);
}

/* The last confirmed configuration, compiled anew; NULL with *ret_error, after a message but for
 * -ENOENT. */
static struct snapshot *load_confirmed(const struct daemon *daemon, int *ret_error)
{
	struct config_files files;
	struct diags diags;
	*ret_error = kept_load(daemon->options->state_dir, KEPT_CONFIRMED, &files);
	if (*ret_error) {
		if (*ret_error != -ENOENT)
			log_error("%s/%s cannot be used: %s", daemon->options->state_dir,
				  KEPT_CONFIRMED, strerror(-*ret_error));
		return NULL;
	}
	diags_init(&diags);
	struct snapshot *snapshot = preflight_kept(&files, &daemon->state.known, &diags);
	if (!snapshot) {
		log_error("the last confirmed configuration (%s/%s) cannot be used",
			  daemon->options->state_dir, KEPT_CONFIRMED);
		reload_log(&diags);
		*ret_error = -EINVAL;
	}
	diags_fini(&diags);
	return snapshot;
}

int confirm_load(struct daemon *daemon)
{
	int error;
	struct snapshot *snapshot = load_confirmed(daemon, &error);
	if (!snapshot)
		return error;
	snapshot_drop_files(snapshot);
	snapshot_free(daemon->snapshot);
	daemon->snapshot = snapshot;
	daemon->confirm.is_copy = true;
	return 0;
}

/* True where the daemon's snapshot was in force once and was not confirmed. */
static bool was_not_confirmed(const struct daemon *daemon)
{
	struct config_files files;
	if (kept_load(daemon->options->state_dir, KEPT_UNCONFIRMED, &files))
		return false;
	bool same = config_files_equal(&files, &daemon->snapshot->config->files);
	config_files_fini(&files);
	return same;
}

int confirm_choose(struct daemon *daemon)
{
	const char *path = daemon->options->config_path;
	if (daemon->options->confirm_s || !was_not_confirmed(daemon))
		return 0;
	int error = confirm_load(daemon);
	if (error == -ENOENT) {
		leftovers_remove();
		log_error("%s was not confirmed, and no other configuration ever was: not started. "
			  "`start --confirm TIME` tries it once more",
			  path);
	} else if (!error) {
		log_warning("%s was not confirmed: the last confirmed configuration is used. "
			    "`reload` takes the file, `reload --confirm TIME` tries it once more",
			    path);
	}
	return error;
}

bool confirm_begin(struct daemon *daemon, const struct snapshot *snapshot, unsigned seconds,
		   struct diags *diags)
{
	struct place whole_file = {.file = snapshot->config->path};
	if (confirm_is_awaited(daemon)) {
		diag_error(diags, whole_file,
			   "the configuration in force waits to be confirmed: `nfshaper confirm` "
			   "keeps it, `nfshaper confirm -r` goes back at once");
		return false;
	}
	if (!seconds)
		return true;
	int error =
		kept_save(daemon->options->state_dir, KEPT_UNCONFIRMED, &snapshot->config->files);
	if (error) {
		diag_error(diags, whole_file,
			   "cannot be confirmed later: %s/%s cannot be written: %s",
			   daemon->options->state_dir, KEPT_UNCONFIRMED, strerror(-error));
		return false;
	}
	/* What a reload goes back to; a start has no loop yet that could run before. */
	if (daemon->snapshot != snapshot)
		daemon->confirm.before =
			snapshot_renew(daemon->snapshot, &daemon->state.known, diags);
	return daemon->snapshot == snapshot || daemon->confirm.before;
}

/* What is in force without a question is the last confirmed one. */
static void keep(struct daemon *daemon)
{
	const char *state_dir = daemon->options->state_dir;
	if (daemon->confirm.is_copy)
		return;
	int error = kept_save(state_dir, KEPT_CONFIRMED, &daemon->snapshot->config->files);
	if (error)
		log_warning("%s/%s could not be written: %s; a later --confirm cannot go back to "
			    "this configuration after a crash",
			    state_dir, KEPT_CONFIRMED, strerror(-error));
	else
		kept_forget(state_dir);
}

static void forget_before(struct daemon *daemon)
{
	snapshot_free(daemon->confirm.before);
	daemon->confirm.before = NULL;
}

static void log_confirm(enum log_kind kind, const char *event, const char *text)
{
	const struct log_field fields[] = {{"NFSHAPER_EVENT", event}};
	log_event(kind, fields, 1, "%s", text);
}

/*
 * Back to the configuration before. What cannot be taken by a reload, such as another mark-mask, is
 * taken by a start; where there is nothing to go back to, or it cannot be used, the daemon ends.
 */
static void go_back(struct daemon *daemon)
{
	struct diags diags;
	int error = 0;
	diags_init(&diags);
	struct snapshot *snapshot =
		daemon->confirm.before
			? snapshot_renew(daemon->confirm.before, &daemon->state.known, &diags)
			: load_confirmed(daemon, &error);
	if (snapshot)
		snapshot_drop_files(snapshot);
	forget_before(daemon);
	if (snapshot && reload_apply(daemon, snapshot, &diags) == 0) {
		daemon->confirm.is_copy = true;
		log_confirm(LOG_IS_WARNING, "went-back",
			    "not confirmed: back to the configuration before");
	} else if (error == -ENOENT) {
		kept_forget(daemon->options->state_dir);
		log_confirm(LOG_IS_WARNING, "went-back",
			    "not confirmed: there is no other configuration, the daemon ends");
		ev_break(daemon->loop, EVBREAK_ALL);
	} else {
		daemon->confirm.is_restart = true;
		reload_log(&diags);
		log_confirm(LOG_IS_WARNING, "went-back",
			    "not confirmed: starting anew with the last confirmed configuration");
		ev_break(daemon->loop, EVBREAK_ALL);
	}
	diags_fini(&diags);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	go_back(timer->data);
}

void confirm_end(struct daemon *daemon, unsigned seconds, bool is_in_force)
{
	if (!is_in_force) {
		forget_before(daemon);
		if (seconds)
			kept_forget(daemon->options->state_dir);
		return;
	}
	if (seconds) {
		ev_now_update(daemon->loop);
		ev_timer_init(&daemon->confirm.timer, on_timeout, seconds, 0.);
		daemon->confirm.timer.data = daemon;
		ev_timer_start(daemon->loop, &daemon->confirm.timer);
		log_warning("goes back in %u s unless `nfshaper confirm` comes before", seconds);
	} else {
		keep(daemon);
	}
	snapshot_drop_files(daemon->snapshot);
}

int confirm_accept(struct daemon *daemon)
{
	int error = kept_confirm(daemon->options->state_dir);
	if (error)
		return error;
	ev_timer_stop(daemon->loop, &daemon->confirm.timer);
	forget_before(daemon);
	log_confirm(LOG_IS_INFO, "confirmed", "confirmed");
	return 0;
}

void confirm_refuse(struct daemon *daemon)
{
	ev_timer_stop(daemon->loop, &daemon->confirm.timer);
	go_back(daemon);
}

json_t *confirm_json(struct daemon *daemon)
{
	if (!confirm_is_awaited(daemon))
		return json_null();
	return json_pack("{s:f}", "seconds_left",
			 (double)ev_timer_remaining(daemon->loop, &daemon->confirm.timer));
}

void confirm_stop(struct daemon *daemon)
{
	struct config_files files = {0};
	if (!confirm_is_awaited(daemon))
		return;
	ev_timer_stop(daemon->loop, &daemon->confirm.timer);
	forget_before(daemon);
	/* Stopped on purpose, and nothing to go back to: the next start is the first one again. */
	if (kept_load(daemon->options->state_dir, KEPT_CONFIRMED, &files) == -ENOENT)
		kept_forget(daemon->options->state_dir);
	else
		config_files_fini(&files);
}
