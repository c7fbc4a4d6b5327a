/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One object for each interface of the file. The plan has up to several entries for it, side by
 * side: what goes out, and where what comes in is shaped.
 */
#include "daemon/status_interfaces.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/conntrack.h"
#include "kernel/shaper.h"
#include "kernel/table.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

/* As many packets in class default as make it odd that no other class has had one. */
#define ODD_PACKETS 100

struct view {
	const struct daemon *daemon;
	const struct plan *plan;
	struct conntrack_tally *tallies; /* by id; NULL: not known */
	json_t *classes;                 /* of the interface at hand */
	const struct plan_interface *entry;
	size_t position; /* of the entry in the plan */
	uint64_t default_packets, other_packets;
};

/* The living connections of a class, whether or not their packets stay queued. */
static struct conntrack_tally tally_of(const struct view *view, uint16_t minor)
{
	struct conntrack_tally sum = {0};
	for (size_t i = 0; view->tallies && i < view->plan->ids.count; i++) {
		const struct outcome *outcome = &view->plan->ids.items[i];
		if (!outcome_has_class(outcome) || outcome->minor != minor)
			continue;
		sum.connections += view->tallies[outcome->id].connections;
		sum.answered += view->tallies[outcome->id].answered;
	}
	return sum;
}

static const struct plan_class *find_class(const struct plan_interface *entry, uint16_t minor)
{
	for (size_t i = 0; i < entry->n_classes; i++)
		if (entry->classes[i].minor == minor)
			return &entry->classes[i];
	return NULL;
}

static void add_class(const struct shaper_stats *stats, void *data)
{
	struct view *view = data;
	const struct plan_class *class = find_class(view->entry, stats->minor);
	char classid[16];
	if (!class)
		return;
	if (stats->minor == NFSHAPER_HTB_FIRST)
		view->default_packets += stats->packets;
	else
		view->other_packets += stats->packets;
	snprintf(classid, sizeof(classid), "1:%x", stats->minor);
	json_array_append_new(
		view->classes,
		json_pack(
			"{s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			"name", class->name, "direction", plan_direction(view->entry), "device",
			view->entry->name, "classid", classid, "priority", (int)class->priority,
			"rate_bps", (json_int_t)stats->rate_bps, "ceil_bps",
			(json_int_t)stats->ceil_bps, "now_bps", (json_int_t)stats->now_bps, "bytes",
			(json_int_t)stats->bytes, "packets", (json_int_t)stats->packets, "drops",
			(json_int_t)stats->drops, "backlog_bytes", (json_int_t)stats->backlog_bytes,
			"backlog_packets", (json_int_t)stats->backlog_packets, "connections",
			view->tallies
				? json_integer((json_int_t)tally_of(view, stats->minor).connections)
				: json_null()));
}

/* What is policed has no HTB: its figures are the table's. */
static int read_policed(struct view *view)
{
	int error = -ENOENT;
	for (size_t i = 0; i < view->entry->n_classes; i++) {
		const struct plan_class *class = &view->entry->classes[i];
		struct table_police_stats stats;
		error = table_read_police(view->position, class->minor, &stats);
		if (error)
			return error;
		add_class(&(struct shaper_stats){.minor = class->minor,
						 .rate_bps = class->rate_bps,
						 .ceil_bps = class->ceil_bps,
						 .now_bps = police_now_bps(&view->daemon->police,
									   view->position, i),
						 .bytes = stats.bytes,
						 .packets = stats.packets,
						 .drops = stats.drops},
			  view);
	}
	return error;
}

static int read_entry(struct view *view)
{
	if (view->entry->way == PLAN_POLICE)
		return read_policed(view);
	/* The classes in the plan's order: the kernel has them in its own. */
	json_t *all = view->classes, *unordered = json_array();
	view->classes = unordered;
	int error = shaper_read(view->entry, add_class, view);
	view->classes = all;
	for (size_t i = 0; i < view->entry->n_classes; i++) {
		json_t *class;
		size_t index;
		json_array_foreach(unordered, index, class)
		{
			const char *name = json_string_value(json_object_get(class, "name"));
			if (strcmp(name, view->entry->classes[i].name) == 0)
				json_array_append(all, class);
		}
	}
	json_decref(unordered);
	return error;
}

static const char *way_text(const struct plan_interface *entry)
{
	switch (entry->way) {
	case PLAN_OUT:
		break;
	case PLAN_IFB:
		return "ifb";
	case PLAN_INSIDE:
		return entry->name;
	case PLAN_POLICE:
		return "police";
	}
	return NULL;
}

static void warn(json_t *warnings, char *text)
{
	json_array_append_new(warnings, json_string(text));
	free(text);
}

/*
 * The marks of downloads are verified by their packets: where connections of other classes have
 * been answered, and yet all that came in was in class default, the marks do not reach the classes.
 */
static void check_marks(const struct view *view, json_t *warnings)
{
	uint64_t answered = 0;
	for (size_t i = 0; i < view->entry->n_classes; i++)
		if (view->entry->classes[i].minor != NFSHAPER_HTB_FIRST)
			answered += tally_of(view, view->entry->classes[i].minor).answered;
	if (answered && !view->other_packets && view->default_packets >= ODD_PACKETS)
		warn(warnings,
		     xasprintf(
			     "%llu answered connections have a class of their own, and all of %llu "
			     "packets that came in were in class default: the marks do not reach "
			     "the classes",
			     (unsigned long long)answered,
			     (unsigned long long)view->default_packets));
}

static void check_entry(const struct view *view, int error, json_t *warnings)
{
	const struct plan_interface *entry = view->entry;
	uint64_t line_drops = 0;
	if (error == -ENOENT && entry->way == PLAN_POLICE)
		warn(warnings,
		     xstrdup("what comes in is NOT policed: the table inet nfshaper is gone "
			     "or another's"));
	else if (error == -ENOENT)
		warn(warnings,
		     xasprintf("%s is NOT SHAPED: its qdisc is not nfshaper's", entry->name));
	else if (entry->way != PLAN_OUT && !error)
		check_marks(view, warnings);
	if (entry->way != PLAN_POLICE || error)
		return;
	warn(warnings, xstrdup("police: holds the ceil of each class and the line, guarantees no "
			       "rate, and lets the first second run over"));
	if (table_read_police_line(view->position, &line_drops) == 0 && line_drops)
		warn(warnings, xasprintf("police: %llu packets exceeded the line",
					 (unsigned long long)line_drops));
}

/* All entries of one interface of the file. */
static json_t *interface_json(struct view *view, const struct config_interface *interface)
{
	json_t *warnings = json_array(), *via = json_array();
	bool present = if_nametoindex(interface->name) != 0, shaped = present;
	view->classes = json_array();
	for (size_t i = 0; i < view->plan->n_interfaces; i++) {
		view->entry = &view->plan->interfaces[i];
		view->position = i;
		view->default_packets = view->other_packets = 0;
		if (strcmp(view->entry->of, interface->name) != 0)
			continue;
		int error = read_entry(view);
		shaped &= error == 0;
		if (present)
			check_entry(view, error, warnings);
		if (view->entry->way != PLAN_OUT)
			json_array_append_new(via, json_string(way_text(view->entry)));
	}
	json_t *first = json_array_get(via, 0);
	char *reason =
		interface->in_bps ? incoming_reason(&view->daemon->incoming, interface) : NULL;
	json_t *json = json_pack(
		"{s:s, s:I, s:I, s:I, s:O?, s:o, s:s?, s:b, s:b, s:o, s:o}", "name",
		interface->name, "rate_bps",
		(json_int_t)(interface->out_bps ? interface->out_bps : interface->in_bps),
		"out_bps", (json_int_t)interface->out_bps, "in_bps", (json_int_t)interface->in_bps,
		"in_via", first, "in_via_all", json_incref(via), "in_via_why", reason, "present",
		present, "shaped", shaped, "warnings", warnings, "classes", view->classes);
	json_decref(via);
	free(reason);
	return json;
}

json_t *status_interfaces_json(const struct daemon *daemon)
{
	const struct config *config = daemon->snapshot->config;
	struct view view = {.daemon = daemon, .plan = daemon->snapshot->plan};
	json_t *list = json_array();
	view.tallies = xcalloc(nfshaper_mask_ids(view.plan->mark_mask) + 1, sizeof(*view.tallies));
	if (conntrack_count(view.plan->mark_mask, view.tallies)) {
		free(view.tallies);
		view.tallies = NULL;
	}
	for (size_t i = 0; i < config->n_interfaces; i++)
		json_array_append_new(list, interface_json(&view, &config->interfaces[i]));
	free(view.tallies);
	return list;
}
