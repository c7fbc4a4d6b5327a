/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/shaping.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/shaper.h"
#include "util/alloc.h"
#include "util/log.h"

/* How often it is looked whether old classes are empty; what is not after a minute goes anyhow. */
#define TIDY_PERIOD_S 0.1
#define TIDY_ROUNDS 600

static void ignore_stats(const struct shaper_stats *stats, void *data)
{
	(void)stats;
	(void)data;
}

static char *explain(const struct plan_interface *interface, const struct nl_error *error)
{
	const char *qdisc_on = interface->way == PLAN_IFB ? interface->of : interface->name;
	if (error->code == -EEXIST)
		return xasprintf("%s already has a qdisc that nfshaper did not make (%s); remove "
				 "it, or set `interfaces.%s.replace: true` to have it replaced",
				 qdisc_on, error->message, interface->of);
	if (error->code == -ENOTUNIQ)
		return xasprintf(
			"there is a device %s already, which nfshaper did not make; "
			"rename it, or shape what comes in by %s in another way (`in-via`)",
			interface->name, interface->of);
	return xasprintf("%s could not be shaped, at %s: %s%s%s", interface->name,
			 error->what ? error->what : "its classes", strerror(-error->code),
			 error->message[0] ? ": " : "", error->message);
}

/* The device whose coming and going matters: an IFB device is made here. */
static const char *device_of(const struct plan_interface *interface)
{
	return interface->way == PLAN_IFB ? interface->of : interface->name;
}

/* Shapes one interface; -ENODEV gives no reason. */
static int shape(struct shaping *shaping, size_t index, char **ret_why)
{
	const struct plan_interface *interface = &shaping->plan->interfaces[index];
	struct nl_error error = {0};
	/* Before it is shaped: if the name is given to another one meanwhile, its event is to be
	 * taken for news. */
	unsigned ifindex = if_nametoindex(device_of(interface));
	if (!plan_has_classes(interface))
		return 0;
	bool was_there = shaper_read(interface, ignore_stats, NULL) == 0;
	int result = shaper_apply(shaping->plan, interface, &error);
	shaping->ifindexes[index] = result == 0 ? ifindex : 0;
	shaping->is_fresh[index] |= result == 0 && !was_there;
	if (result && result != -ENODEV) {
		error.code = result;
		*ret_why = explain(interface, &error);
	}
	return result;
}

/* The same while the daemon runs: what fails is a message. */
static int shape_or_log(struct shaping *shaping, size_t index)
{
	char *why = NULL;
	int result = shape(shaping, index, &why);
	if (why)
		log_error("%s", why);
	free(why);
	return result;
}

static void remove_qdisc(const struct plan_interface *interface)
{
	struct nl_error error;
	if (shaper_remove(interface, &error))
		log_warning("the qdisc of %s could not be removed: %s", interface->name,
			    strerror(-error.code));
}

void shaping_end(struct shaping *shaping, struct ev_loop *loop)
{
	if (ev_is_active(&shaping->tidy_timer))
		ev_timer_stop(loop, &shaping->tidy_timer);
	if (ev_is_active(&shaping->link_io))
		ev_io_stop(loop, &shaping->link_io);
	if (ev_is_active(&shaping->qdisc_io))
		ev_io_stop(loop, &shaping->qdisc_io);
	link_monitor_close(shaping->links);
	shaper_monitor_close(shaping->qdiscs);
	free(shaping->ifindexes);
	free(shaping->is_fresh);
	*shaping = (struct shaping){0};
}

int shaping_start(struct shaping *shaping, const struct plan *plan, char **ret_why)
{
	*shaping = (struct shaping){
		.plan = plan,
		.ifindexes = xcalloc(plan->n_interfaces, sizeof(unsigned)),
		.is_fresh = xcalloc(plan->n_interfaces, sizeof(bool)),
		/* Before the first look, so that an interface that comes between is not missed. */
		.links = link_monitor_open(),
		.qdiscs = shaper_monitor_open(),
	};
	int result = shaping->links && shaping->qdiscs ? 0 : -errno;
	if (result)
		*ret_why = xasprintf("interfaces cannot be watched: %s", strerror(-result));
	for (size_t i = 0; !result && i < plan->n_interfaces; i++) {
		result = shape(shaping, i, ret_why);
		if (result == -ENODEV)
			result = 0;
	}
	if (result)
		shaping_undo(shaping, NULL);
	return result;
}

void shaping_repair(struct shaping *shaping)
{
	for (size_t i = 0; i < shaping->plan->n_interfaces; i++)
		shape_or_log(shaping, i);
}

void shaping_undo(struct shaping *shaping, struct ev_loop *loop)
{
	for (size_t i = 0; i < shaping->plan->n_interfaces; i++)
		if (shaping->is_fresh[i])
			remove_qdisc(&shaping->plan->interfaces[i]);
	shaping_end(shaping, loop);
}

/* Removes all qdiscs of nfshaper, whoever put them there, but those on the plan's interfaces. */
static void clear(const struct plan *keep)
{
	struct nl_error error;
	int result = shaper_remove_others(keep, &error);
	if (result)
		log_warning("not all old qdiscs could be removed: %s", strerror(-result));
}

void shaping_stop(struct shaping *shaping, struct ev_loop *loop)
{
	clear(NULL);
	shaping_end(shaping, loop);
}

/* True where classes are left in which packets wait. */
static bool prune(const struct shaping *shaping, bool force)
{
	bool any_left = false;
	for (size_t i = 0; i < shaping->plan->n_interfaces; i++) {
		const struct plan_interface *interface = &shaping->plan->interfaces[i];
		struct nl_error error;
		bool left = false;
		if (shaper_prune(interface, force, &left, &error))
			log_warning("an old class of %s could not be removed: %s", interface->name,
				    strerror(-error.code));
		any_left |= left;
	}
	return any_left;
}

static void on_tidy(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct shaping *shaping = timer->data;
	(void)events;
	if (!prune(shaping, ++shaping->tidy_rounds >= TIDY_ROUNDS))
		ev_timer_stop(loop, timer);
}

void shaping_tidy(struct shaping *shaping, struct ev_loop *loop)
{
	clear(shaping->plan);
	/* Filters that lead to old classes go. */
	shaping_repair(shaping);
	if (ev_is_active(&shaping->tidy_timer))
		ev_timer_stop(loop, &shaping->tidy_timer);
	shaping->tidy_rounds = 0;
	ev_timer_init(&shaping->tidy_timer, on_tidy, TIDY_PERIOD_S, TIDY_PERIOD_S);
	shaping->tidy_timer.data = shaping;
	if (prune(shaping, false))
		ev_timer_start(loop, &shaping->tidy_timer);
}

/* An interface of ours has got another name, under which it is nobody's. */
static void on_renamed(struct shaping *shaping, size_t index, const char *name)
{
	log_warning("%s is called %s now and not shaped any more",
		    device_of(&shaping->plan->interfaces[index]), name);
	shaping->ifindexes[index] = 0;
	clear(shaping->plan);
}

/* The IFB device itself: somebody removed it, and what comes in would be lost. */
static void on_ifb(struct shaping *shaping, size_t index, bool present)
{
	const struct plan_interface *interface = &shaping->plan->interfaces[index];
	if (present || !shaping->ifindexes[index])
		return;
	log_warning("%s is gone; it is made again", interface->name);
	shape_or_log(shaping, index);
}

static void on_device(struct shaping *shaping, size_t index, const char *name, unsigned ifindex,
		      bool present)
{
	bool is_same = shaping->ifindexes[index] == ifindex;
	if (strcmp(device_of(&shaping->plan->interfaces[index]), name) != 0) {
		if (present && is_same)
			on_renamed(shaping, index, name);
	} else if (!present && is_same) {
		log_info("%s is gone", name);
		shaping->ifindexes[index] = 0;
	} else if (present && !is_same && shape_or_log(shaping, index) == 0) {
		log_info("%s is there and shaped", name);
	}
}

static void on_link(const char *name, unsigned ifindex, bool present, void *data)
{
	struct shaping *shaping = data;
	for (size_t i = 0; i < shaping->plan->n_interfaces; i++) {
		const struct plan_interface *interface = &shaping->plan->interfaces[i];
		if (!plan_has_classes(interface))
			continue;
		if (interface->way == PLAN_IFB && strcmp(interface->name, name) == 0)
			on_ifb(shaping, i, present);
		else
			on_device(shaping, i, name, ifindex, present);
	}
}

/* Somebody else has been at our qdiscs. */
static void on_qdisc(const char *name, void *data)
{
	struct shaping *shaping = data;
	for (size_t i = 0; i < shaping->plan->n_interfaces; i++) {
		const struct plan_interface *interface = &shaping->plan->interfaces[i];
		bool is_it = strcmp(interface->name, name) == 0 ||
			     strcmp(device_of(interface), name) == 0;
		if (!is_it || !plan_has_classes(interface) || !shaping->ifindexes[i])
			continue;
		log_warning("somebody changed what nfshaper has put on %s; it is put back", name);
		shape_or_log(shaping, i);
	}
}

static void on_qdiscs_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct shaping *shaping = io->data;
	(void)events;
	int error = shaper_monitor_read(shaping->qdiscs, on_qdisc, shaping);
	if (error == -ENOBUFS) {
		shaping_repair(shaping);
	} else if (error) {
		log_error("qdiscs are not watched any more: %s", strerror(-error));
		ev_io_stop(loop, io);
	}
}

static void on_links_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct shaping *shaping = io->data;
	(void)events;
	int error = link_monitor_read(shaping->links, on_link, shaping);
	if (error == -ENOBUFS) {
		/* Events were lost: all interfaces are looked at again. */
		shaping_repair(shaping);
	} else if (error) {
		log_error("interfaces are not watched any more: %s", strerror(-error));
		ev_io_stop(loop, io);
	}
}

void shaping_watch(struct shaping *shaping, struct ev_loop *loop)
{
	ev_io_init(&shaping->link_io, on_links_readable, link_monitor_fd(shaping->links), EV_READ);
	shaping->link_io.data = shaping;
	ev_io_start(loop, &shaping->link_io);
	ev_io_init(&shaping->qdisc_io, on_qdiscs_readable, shaper_monitor_fd(shaping->qdiscs),
		   EV_READ);
	shaping->qdisc_io.data = shaping;
	ev_io_start(loop, &shaping->qdisc_io);
}
