/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_list.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/living_owner.h"
#include "daemon/netstat_json.h"
#include "owner/owners.h"
#include "owner/resolver.h"
#include "util/alloc.h"
#include "util/clock.h"

/* Owners that are not found until then are not known: sockets come and go meanwhile. */
#define OWNERS_MAX_NS 10000000000ull
#define POLL_MS 50

struct ranked {
	json_t *object; /* NULL: not listed */
	bool is_asked;  /* its owner is being searched */
	double rate_bps;
	uint64_t bytes;
};

struct listing {
	const struct netstat_options *options;
	const struct geo *geo;
	struct geo *own_geo; /* where no rule has asked for one */
	struct geo_cache *geo_cache;
	struct clock clock;
	struct local_time now;
	struct owners *owners;
	struct owner_finder *finder;
	uint32_t *steps; /* room for a path through the rules */
	struct netstat_rows rows;
	struct ranked *ranked; /* one for each row */
	uint64_t end_ns;       /* of the search for owners */
	unsigned n_asked;
};

static struct facts facts_of(const struct listing *listing, const struct netstat_row *row,
			     const struct owner *owner)
{
	const struct snapshot *snapshot = listing->options->snapshot;
	const struct packet_origin origin = {.direction = row->direction};
	struct facts facts = decide_facts(snapshot, &row->packet, &origin);
	facts.geo = listing->geo;
	facts.geo_cache = listing->geo_cache;
	facts.now = listing->now;
	facts.mark = row->connection.mark;
	facts.owner = owner;
	facts.class = netstat_class(netstat_outcome(snapshot->plan, row->connection.mark));
	return facts;
}

/*
 * The rule that has decided, as far as it can be told: no mark says it, so the connection is judged
 * by the rules again, and must come to what its mark says.
 */
static const char *rule_of(const struct listing *listing, const struct netstat_row *row,
			   const struct facts *facts)
{
	const struct snapshot *snapshot = listing->options->snapshot;
	const struct outcome *outcome = netstat_outcome(snapshot->plan, row->connection.mark);
	struct path path = {.steps = listing->steps};
	struct facts judged = rejudge_facts(snapshot, &row->packet, row->direction);
	judged.geo = facts->geo;
	judged.geo_cache = facts->geo_cache;
	judged.now = facts->now;
	judged.owner = facts->owner;
	path_find(snapshot, &judged, &path);
	if (path.is_open || path.rule < 0 || !outcome ||
	    (outcome->id != path.id && outcome->id != path.queued_id))
		return NULL;
	return snapshot->config->rules[path.rule].name;
}

/* With its owner, as far as there is one. */
static void finish_row(struct listing *listing, size_t index, const struct owner *owner)
{
	const struct netstat_row *row = &listing->rows.items[index];
	const struct condition *condition = listing->options->condition;
	struct facts facts = facts_of(listing, row, owner);
	struct evaluation evaluation = evaluation_of(&facts);
	listing->ranked[index].is_asked = false;
	facts.rule = rule_of(listing, row, &facts);
	if (condition && !condition_holds(condition, &evaluation))
		return;
	listing->ranked[index] = (struct ranked){
		.object = netstat_json(row, &facts, listing->options->snapshot->plan),
		.rate_bps = row->rate_bps,
		.bytes = row->connection.bytes[0] + row->connection.bytes[1],
	};
}

/* True where the condition says no, whoever the owner is. */
static bool is_out(const struct listing *listing, const struct netstat_row *row)
{
	const struct condition *condition = listing->options->condition;
	struct facts facts = facts_of(listing, row, NULL);
	struct evaluation evaluation = evaluation_of(&facts);
	evaluation.open = attributes_above(owner_level_of(&facts));
	/* Which rule it was may depend on the owner. */
	if (!condition || condition_attributes(condition) >> ATTR_RULE & 1)
		return false;
	struct truth truth = condition_truth(condition, &evaluation);
	return !truth.open && !truth.holds;
}

static void collect(struct listing *listing)
{
	struct owner_result result;
	while (owners_collect(listing->finder, &result)) {
		finish_row(listing, (size_t)result.token, &result.owner);
		listing->n_asked--;
	}
}

static void wait_for_owners(struct listing *listing, unsigned until)
{
	struct pollfd fd = {.fd = owner_finder_fd(listing->finder), .events = POLLIN};
	while (listing->n_asked > until && clock_monotonic_ns() < listing->end_ns &&
	       !atomic_load(listing->options->is_cancelled)) {
		poll(&fd, 1, POLL_MS);
		collect(listing);
	}
}

static void look_up(struct listing *listing, size_t index)
{
	static const struct owner nobody = {.level = OWNER_PROCESS};
	const struct netstat_row *row = &listing->rows.items[index];
	const struct owner_query query = living_query(&row->packet, row->direction);
	struct owner owner;
	if (clock_monotonic_ns() >= listing->end_ns) {
		finish_row(listing, index, &nobody);
	} else if (owners_find(listing->finder, &query, OWNER_PROCESS, &owner) == OWNER_FOUND) {
		finish_row(listing, index, &owner);
	} else {
		wait_for_owners(listing, RESOLVER_QUESTIONS - 1);
		listing->ranked[index].is_asked =
			owners_ask(listing->finder, &query, OWNER_PROCESS, index);
		if (listing->ranked[index].is_asked)
			listing->n_asked++;
		else
			finish_row(listing, index, &nobody);
	}
}

static void list_rows(struct listing *listing)
{
	static const struct owner nobody = {.level = OWNER_PROCESS};
	listing->end_ns = clock_monotonic_ns() + OWNERS_MAX_NS;
	for (size_t i = 0; i < listing->rows.count; i++) {
		const struct netstat_row *row = &listing->rows.items[i];
		if (atomic_load(listing->options->is_cancelled))
			return;
		if (is_out(listing, row))
			continue;
		if (row->direction == DIRECTION_FORWARD)
			finish_row(listing, i, &nobody);
		else
			look_up(listing, i);
	}
	wait_for_owners(listing, 0);
	for (size_t i = 0; i < listing->rows.count; i++)
		if (listing->ranked[i].is_asked)
			finish_row(listing, i, &nobody);
}

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->rate_bps != b->rate_bps)
		return a->rate_bps > b->rate_bps ? -1 : 1;
	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

static json_t *sorted(struct listing *listing)
{
	json_t *list = json_array();
	if (listing->rows.count)
		qsort(listing->ranked, listing->rows.count, sizeof(*listing->ranked), compare);
	for (size_t i = 0; i < listing->rows.count; i++)
		if (listing->ranked[i].object)
			json_array_append_new(list, listing->ranked[i].object);
	return list;
}

/* The country is shown also where no rule asks for it; a database that cannot be had is none. */
static void open_geo(struct listing *listing)
{
	const struct snapshot *snapshot = listing->options->snapshot;
	char *why = NULL;
	listing->geo = snapshot->geo;
	if (!snapshot->geo && snapshot->config->geoip)
		listing->geo = listing->own_geo = geo_open(snapshot->config->geoip, &why);
	free(why);
}

static int open_parts(struct listing *listing, char **ret_why)
{
	listing->owners = owners_new(ret_why);
	listing->finder = listing->owners ? owner_finder_new(listing->owners) : NULL;
	if (!listing->finder && !*ret_why)
		*ret_why = xasprintf("the owners of connections cannot be looked up: %s",
				     strerror(errno));
	listing->geo_cache = geo_cache_new();
	listing->steps =
		xcalloc(listing->options->snapshot->n_throttle_rules, sizeof(*listing->steps));
	listing->now = *clock_local(&listing->clock, time(NULL));
	open_geo(listing);
	return listing->finder ? 0 : -1;
}

static void close_parts(struct listing *listing)
{
	owner_finder_free(listing->finder);
	owners_free(listing->owners);
	geo_cache_free(listing->geo_cache);
	geo_close(listing->own_geo);
	netstat_rows_fini(&listing->rows);
	free(listing->ranked);
	free(listing->steps);
}

static int read_rows(struct listing *listing, char **ret_why)
{
	struct host host = {0};
	struct nl_error error = {0};
	int result = host_read(&host, &error);
	if (!result)
		result = netstat_rows_read(&listing->rows, &host, listing->options->interval_ms,
					   listing->options->is_cancelled, &error);
	host_fini(&host);
	if (result)
		*ret_why = xasprintf("the connections cannot be read, at %s: %s",
				     error.what ? error.what : "netlink", strerror(-result));
	return result;
}

json_t *netstat_list(const struct netstat_options *options, char **ret_why)
{
	struct listing listing = {.options = options};
	json_t *list = NULL;
	if (open_parts(&listing, ret_why) == 0 && read_rows(&listing, ret_why) == 0) {
		listing.ranked = xcalloc(listing.rows.count, sizeof(*listing.ranked));
		list_rows(&listing);
		list = sorted(&listing);
	}
	close_parts(&listing);
	if (list && atomic_load(options->is_cancelled)) {
		json_decref(list);
		list = NULL;
		*ret_why = xstrdup("the daemon ends");
	}
	return list;
}
