/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/shaping.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/shaper.h"
#include "util/alloc.h"
#include "util/log.h"

static void ignore_stats(const struct shaper_stats *stats, void *data)
{
	(void)stats;
	(void)data;
}

static void report(const struct plan_interface *interface, const struct nl_error *error)
{
	if (error->code == -EEXIST)
		log_error(
			"%s already has a qdisc that nfshaper did not make (%s); remove it, or set "
			"`interfaces.%s.replace: true` to have it replaced",
			interface->name, error->message, interface->name);
	else
		log_error("%s could not be shaped, at %s: %s%s%s", interface->name,
			  error->what ? error->what : "its classes", strerror(-error->code),
			  error->message[0] ? ": " : "", error->message);
}

/* Shapes one interface; -ENODEV is silent. */
static int shape(struct daemon *daemon, size_t index)
{
	const struct plan_interface *interface = &daemon->snapshot->plan->interfaces[index];
	struct nl_error error = {0};
	bool was_there = shaper_read(interface->name, ignore_stats, NULL) == 0;
	int result = shaper_apply(interface, &error);
	daemon->is_shaped[index] = result == 0;
	daemon->is_fresh[index] = result == 0 && !was_there;
	if (result && result != -ENODEV) {
		error.code = result;
		report(interface, &error);
	}
	return result;
}

/* Ends what shaping_start() began; `all`: also what an earlier run left there. */
static void end(struct daemon *daemon, bool all)
{
	const struct plan *plan = daemon->snapshot->plan;
	struct nl_error error;
	for (size_t i = 0; i < plan->n_interfaces; i++)
		if ((all || daemon->is_fresh[i]) && shaper_remove(plan->interfaces[i].name, &error))
			log_warning("the qdisc of %s could not be removed: %s",
				    plan->interfaces[i].name, strerror(-error.code));
	if (daemon->links && daemon->loop)
		ev_io_stop(daemon->loop, &daemon->link_io);
	link_monitor_close(daemon->links);
	free(daemon->is_shaped);
	free(daemon->is_fresh);
}

int shaping_start(struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	daemon->is_shaped = xcalloc(plan->n_interfaces, sizeof(bool));
	daemon->is_fresh = xcalloc(plan->n_interfaces, sizeof(bool));
	/* Opened before the first look, so that an interface that comes between is not missed. */
	daemon->links = link_monitor_open();
	int result = daemon->links ? 0 : -errno;
	if (result)
		log_error("interfaces cannot be watched: %s", strerror(-result));
	for (size_t i = 0; !result && i < plan->n_interfaces; i++) {
		result = shape(daemon, i);
		if (result == -ENODEV)
			result = 0;
	}
	if (result)
		shaping_undo(daemon);
	return result;
}

void shaping_undo(struct daemon *daemon)
{
	end(daemon, false);
}

void shaping_stop(struct daemon *daemon)
{
	end(daemon, true);
}

static void on_link(const char *name, unsigned ifindex, bool present, void *data)
{
	struct daemon *daemon = data;
	const struct plan *plan = daemon->snapshot->plan;
	(void)ifindex;
	for (size_t i = 0; i < plan->n_interfaces; i++) {
		if (strcmp(plan->interfaces[i].name, name) != 0)
			continue;
		if (!present && daemon->is_shaped[i])
			log_info("%s is gone", name);
		if (!present)
			daemon->is_shaped[i] = false;
		else if (!daemon->is_shaped[i] && shape(daemon, i) == 0)
			log_info("%s is there and shaped", name);
	}
}

/* Events were lost: all interfaces are looked at again. */
static void look_again(struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	for (size_t i = 0; i < plan->n_interfaces; i++)
		shape(daemon, i);
}

static void on_links_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct daemon *daemon = io->data;
	(void)events;
	int error = link_monitor_read(daemon->links, on_link, daemon);
	if (error == -ENOBUFS) {
		look_again(daemon);
	} else if (error) {
		log_error("interfaces are not watched any more: %s", strerror(-error));
		ev_io_stop(loop, io);
	}
}

void shaping_watch(struct daemon *daemon)
{
	ev_io_init(&daemon->link_io, on_links_readable, link_monitor_fd(daemon->links), EV_READ);
	daemon->link_io.data = daemon;
	ev_io_start(daemon->loop, &daemon->link_io);
}
