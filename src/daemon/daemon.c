/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Order of set-up, and in reverse of taking down:
 *
 *   snapshot     the configuration, checked and compiled; nothing has been touched before
 *   features     what the kernel offers, and whether the privileges are there
 *   locks        one daemon for a run directory and for a network namespace
 *   confirm      another snapshot, where this one was not confirmed
 *   incoming     in which way what comes in is shaped
 *   child        where it detaches, all that follows happens in the child
 *   control      the socket and the signals: a stop that comes now waits for its turn
 *   throttles    their tables of sessions
 *   owners       where some rule asks for them
 *   workers      queues are bound before any rule feeds them
 *   shapers      classes are there before any packet is given one
 *   marks        living connections are judged
 *   table        one transaction; from here on packets are judged
 *   state        ids on the disk
 *   loop         link events, control requests, signals
 *
 * Taking down empties the queue chains first, lets the workers answer what still waits, and
 * removes the table last of all that concerns packets (kernel/table.h says why).
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/detach.h"
#include "daemon/notify.h"
#include "daemon/ownership.h"
#include "daemon/pidfile.h"
#include "daemon/preflight.h"
#include "daemon/reload.h"
#include "daemon/requests.h"
#include "daemon/ruleset.h"
#include "daemon/sessions.h"
#include "kernel/flowtable.h"
#include "util/alloc.h"
#include "util/log.h"

static int load_snapshot(struct daemon *daemon)
{
	struct diags diags;
	diags_init(&diags);
	daemon->snapshot = preflight(daemon->options->config_path, daemon->options->state_dir,
				     &daemon->state, &diags);
	if (log_shows(LOG_NORMAL))
		diags_print(&diags, stderr);
	else
		diags_print_errors(&diags, stderr);
	diags_fini(&diags);
	return daemon->snapshot ? 0 : -EINVAL;
}

static int probe(struct daemon *daemon)
{
	char *why = NULL;
	int error = features_probe(&daemon->features, &why);
	if (error)
		log_error("%s", why);
	free(why);
	return error;
}

static int choose_incoming(struct daemon *daemon)
{
	char *why = NULL;
	int error =
		incoming_choose(&daemon->incoming, &daemon->state.known, &daemon->snapshot, &why);
	if (error)
		log_error("%s", why ? why : strerror(-error));
	free(why);
	return error;
}

static void warn_of_flowtable(const char *text, void *data)
{
	(void)data;
	log_warning("flowtable `%s`: flows that it takes over go past nfshaper, into no class and "
		    "no throttle",
		    text);
}

static void close_workers(struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->snapshot->plan->workers; i++) {
		if (daemon->workers[i])
			worker_stop(daemon->workers[i]);
		worker_free(daemon->workers[i]);
	}
	free(daemon->workers);
	daemon->workers = NULL;
}

static int start_owners(struct daemon *daemon)
{
	char *why = NULL;
	int error = ownership_open(daemon, daemon->snapshot, &why);
	if (error)
		log_error("%s", why);
	free(why);
	return error;
}

static int start_worker(struct daemon *daemon, unsigned index)
{
	struct worker *worker;
	unsigned tries = 0;
	char *why = NULL;
	do {
		free(why);
		why = NULL;
		worker = worker_new(daemon->snapshot, daemon->owners, index, &why);
	} while (!worker && errno == EBUSY && locks_wait(&tries));
	daemon->workers[index] = worker;
	int error = worker ? worker_start(worker) : -EIO;
	if (error)
		log_error("%s", why ? why : strerror(-error));
	free(why);
	return error;
}

/* Every queue is bound and served before the table feeds it. */
static int start_workers(struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	int error = 0;
	daemon->workers = xcalloc(plan->workers, sizeof(struct worker *));
	for (unsigned i = 0; !error && i < plan->workers; i++)
		error = start_worker(daemon, i);
	if (error)
		close_workers(daemon);
	return error;
}

static int start_shaping(struct daemon *daemon)
{
	char *why = NULL;
	int error = shaping_start(&daemon->shaping, daemon->snapshot->plan, &why);
	if (error)
		log_error("%s", why);
	free(why);
	return error;
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)events;
	if (watcher->signum == SIGHUP && aftermath_is_on(watcher->data))
		aftermath_wait(watcher->data, NULL);
	else if (watcher->signum == SIGHUP)
		reload(watcher->data, NULL, 0);
	else
		ev_break(loop, EVBREAK_ALL);
}

static int open_control(struct daemon *daemon)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	daemon->loop = ev_default_loop(EVFLAG_AUTO);
	if (!daemon->loop) {
		log_error("no event loop: %s", strerror(errno));
		return -EIO;
	}
	daemon->control =
		control_new(daemon->loop, daemon->options->run_dir, requests_handle, daemon);
	if (!daemon->control) {
		log_error("the control socket in %s cannot be made: %s", daemon->options->run_dir,
			  strerror(errno));
		ev_loop_destroy(daemon->loop);
		return -EIO;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		ev_signal_init(&daemon->signals[i], on_signal, signals[i]);
		daemon->signals[i].data = daemon;
		ev_signal_start(daemon->loop, &daemon->signals[i]);
	}
	return 0;
}

static void close_control(struct daemon *daemon)
{
	control_free(daemon->control);
	for (size_t i = 0; i < sizeof(daemon->signals) / sizeof(daemon->signals[0]); i++)
		ev_signal_stop(daemon->loop, &daemon->signals[i]);
	ev_loop_destroy(daemon->loop);
}

/* What is started is kept before anything is touched for it. */
static int begin_confirm(struct daemon *daemon, unsigned seconds)
{
	struct diags diags;
	diags_init(&diags);
	bool may_go_on = confirm_begin(daemon, daemon->snapshot, seconds, &diags);
	reload_log(&diags);
	diags_fini(&diags);
	return may_go_on ? 0 : -EIO;
}

/* From now on the loop looks after everything. */
static void watch(struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	shaping_watch(&daemon->shaping, daemon->loop);
	police_watch(&daemon->police, plan, daemon->loop);
	ruleset_watch(daemon);
	sessions_watch(daemon);
	hours_watch(daemon);
	aftermath_begin(daemon);
	watchdog_watch(&daemon->watchdog, daemon->workers, plan->workers, daemon->loop);
	decision_log_watch(&daemon->decision_log, daemon->workers, plan->workers, daemon->loop);
	losses_watch(daemon);
	netstat_watch(&daemon->netstat, daemon->loop);
}

static void take_down(struct daemon *daemon)
{
	if (daemon->confirm.is_restart)
		notify_reloading();
	else
		notify_send("STOPPING=1");
	log_info("stopping");
	netstat_stop(&daemon->netstat);
	hours_stop(daemon);
	aftermath_stop(daemon);
	confirm_stop(daemon);
	losses_stop(daemon);
	decision_log_stop(&daemon->decision_log, daemon->loop);
	watchdog_stop(&daemon->watchdog, daemon->loop);
	police_stop(&daemon->police, daemon->loop);
	ruleset_stop_queueing(daemon);
	close_workers(daemon);
	ownership_close(daemon);
	sessions_close(daemon);
	ruleset_remove(daemon);
	shaping_stop(&daemon->shaping, daemon->loop);
	close_control(daemon);
}

static void log_running(const struct plan *plan, enum queue_path path)
{
	const struct log_field fields[] = {{"NFSHAPER_EVENT", "running"}};
	log_event(LOG_IS_INFO, fields, 1, "running: %u worker%s, queue path %s", plan->workers,
		  plan->workers == 1 ? "" : "s", queue_path_text(path));
}

/* With the lock held and, where wanted, in the child: set up, run, take down. */
static int serve(struct daemon *daemon, int ready_fd)
{
	unsigned confirm_s = daemon->confirm.is_copy ? 0 : daemon->options->confirm_s;
	int error = pidfile_write(daemon->locks.pid_fd);
	signal(SIGPIPE, SIG_IGN);
	tzset(); /* for clock_local() */
	if (error) {
		log_error("the pid file cannot be written: %s", strerror(-error));
		return error;
	}
	error = open_control(daemon);
	if (error)
		return error;
	error = begin_confirm(daemon, confirm_s);
	if (error)
		goto no_confirm;
	error = sessions_open(daemon);
	if (error)
		goto no_throttles;
	error = start_owners(daemon);
	if (error)
		goto no_owners;
	error = start_workers(daemon);
	if (error)
		goto no_workers;
	error = start_shaping(daemon);
	if (error)
		goto no_shaping;
	aftermath_precede(daemon);
	error = ruleset_install(daemon);
	if (error)
		goto no_table;
	shaping_tidy(&daemon->shaping, daemon->loop);
	state_remember(&daemon->state, daemon->options->state_dir, daemon->snapshot);
	watch(daemon);
	confirm_end(daemon, confirm_s, true);
	flowtable_find(warn_of_flowtable, NULL);
	log_running(daemon->snapshot->plan, daemon->features.queue_path);
	if (ready_fd >= 0)
		detach_ready(ready_fd);
	notify_send("READY=1");
	ev_run(daemon->loop, 0);
	take_down(daemon);
	return 0;
no_table:
	shaping_undo(&daemon->shaping, daemon->loop);
no_shaping:
	close_workers(daemon);
no_workers:
	ownership_close(daemon);
no_owners:
	sessions_close(daemon);
no_throttles:
	confirm_end(daemon, confirm_s, false);
no_confirm:
	close_control(daemon);
	return error;
}

/* Until it is over: where a configuration goes back to one that needs it, a second time. */
static int serve_all(struct daemon *daemon, int ready_fd)
{
	int error = serve(daemon, ready_fd);
	while (!error && daemon->confirm.is_restart) {
		daemon->confirm.is_restart = false;
		error = confirm_load(daemon);
		if (!error)
			error = choose_incoming(daemon);
		if (!error)
			error = serve(daemon, -1);
	}
	return error;
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon daemon = {.options = options, .locks.pid_fd = -1};
	int ready_fd = -1;
	log_use_journal();
	int error = load_snapshot(&daemon);
	if (!error)
		error = probe(&daemon);
	if (!error)
		error = locks_take(&daemon.locks, options->run_dir);
	if (!error)
		error = confirm_choose(&daemon);
	if (!error)
		error = choose_incoming(&daemon);
	if (!error && !options->foreground) {
		ready_fd = detach_begin();
		if (ready_fd < 0)
			error = ready_fd;
	}
	if (!error)
		error = serve_all(&daemon, ready_fd);
	locks_release(&daemon.locks, options->run_dir);
	snapshot_free(daemon.snapshot);
	state_fini(&daemon.state);
	incoming_fini(&daemon.incoming);
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
