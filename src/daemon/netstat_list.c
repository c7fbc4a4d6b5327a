/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_list.h"

#include <errno.h>
#include <nfshaper/mark.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/living_owner.h"
#include "daemon/netstat_answer.h"
#include "daemon/netstat_json.h"
#include "owner/owners.h"
#include "owner/resolver.h"
#include "util/alloc.h"
#include "util/clock.h"

/* Owners that are not found until then are not known: sockets come and go meanwhile. */
#define OWNERS_MAX_NS 10000000000ull
#define POLL_MS 50
#define NS_PER_S 1000000000ull

static const struct owner nobody = {.level = OWNER_PROCESS};

struct ranked {
	char *text;    /* NULL: not listed */
	bool is_asked; /* its owner is being searched */
	double rate_bps;
	uint64_t bytes;
	size_t position;
};

struct listing {
	const struct netstat_options *options;
	const struct geo *geo;
	struct geo *own_geo; /* where no rule has asked for one */
	struct geo_cache *geo_cache;
	struct clock clock;
	struct local_time now;
	uint64_t now_ns; /* CLOCK_REALTIME */
	struct host host;
	struct owners *owners;
	struct owner_finder *finder;
	uint32_t *steps; /* room for a path through the rules */
	struct netstat_rows rows;
	struct ranked *ranked; /* one for each row */
	struct netstat_answer *answer;
	uint64_t end_ns; /* of the search for owners */
	unsigned n_asked;
	unsigned n_late;
};

/*
 * The rules' view of it, which is that of its master where it was expected. What is not judged has
 * class default, as `explain` says it.
 */
static void tell_decision(const struct listing *listing, struct netstat_row *row)
{
	const struct snapshot *snapshot = listing->options->snapshot;
	uint32_t mask = snapshot->plan->mark_mask;
	uint32_t id = (row->connection.mark & mask) >> nfshaper_mask_shift(mask);
	struct packet packet;
	enum direction direction;
	row->outcome = id ? ids_by_id(listing->options->ids, id) : NULL;
	if (row->outcome && row->outcome->kind == OUTCOME_CALL)
		row->outcome = NULL;
	if (id)
		return;
	bool is_judged = living_packet(&listing->host, &row->connection, &packet, &direction);
	struct facts facts = rejudge_facts(snapshot, &packet, direction);
	row->exempt = decide_exemption(snapshot, &facts);
	if (!row->exempt && !is_judged)
		row->exempt = "what this host sends to itself, or to all, is never judged";
}

static const char *class_of(const struct listing *listing, const struct netstat_row *row)
{
	if (row->exempt)
		return listing->options->ids->items[0].name;
	return row->outcome && outcome_has_class(row->outcome) ? row->outcome->name : NULL;
}

/* What the listing knows beside the packet. */
static void fill(const struct listing *listing, const struct owner *owner, struct facts *facts)
{
	facts->geo = listing->geo;
	facts->geo_cache = listing->geo_cache;
	facts->now = listing->now;
	facts->owner = owner;
}

static struct facts facts_of(const struct listing *listing, const struct netstat_row *row,
			     const struct owner *owner)
{
	const struct packet_origin origin = {.direction = row->direction};
	struct facts facts = decide_facts(listing->options->snapshot, &row->packet, &origin);
	fill(listing, owner, &facts);
	facts.mark = row->connection.mark;
	facts.class = class_of(listing, row);
	return facts;
}

/*
 * The rule that has decided, as far as it can be told: no mark says it, so the connection is judged
 * by the rules again, and must come to what its mark says.
 */
static const char *rule_of(const struct listing *listing, const struct netstat_row *row,
			   const struct owner *owner)
{
	const struct snapshot *snapshot = listing->options->snapshot;
	struct path path = {.steps = listing->steps};
	struct packet packet;
	enum direction direction;
	if (!row->outcome)
		return NULL;
	living_packet(&listing->host, &row->connection, &packet, &direction);
	struct facts facts = rejudge_facts(snapshot, &packet, direction);
	fill(listing, owner, &facts);
	path_find(snapshot, &facts, &path);
	if (path.is_open || path.rule < 0 ||
	    (row->outcome->id != path.id && row->outcome->id != path.queued_id))
		return NULL;
	return snapshot->config->rules[path.rule].name;
}

/* With its owner, as far as there is one. */
static void finish_row(struct listing *listing, size_t index, const struct owner *owner)
{
	const struct netstat_row *row = &listing->rows.items[index];
	const struct condition *condition = listing->options->condition;
	struct ranked *ranked = &listing->ranked[index];
	struct facts facts = facts_of(listing, row, owner);
	struct evaluation evaluation = evaluation_of(&facts);
	ranked->is_asked = false;
	facts.rule = rule_of(listing, row, owner);
	if (condition && !condition_holds(condition, &evaluation))
		return;
	json_t *values = netstat_values(row, &facts, listing->now_ns,
					netstat_answer_owner(listing->answer, owner));
	*ranked = (struct ranked){
		.text = json_dumps(values, JSON_COMPACT),
		.rate_bps = row->has_rate ? row->rate_bps : -1,
		.bytes = row->connection.bytes[0] + row->connection.bytes[1],
		.position = index,
	};
	json_decref(values);
}

static void finish_late(struct listing *listing, size_t index)
{
	listing->n_late++;
	finish_row(listing, index, &nobody);
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
	const struct netstat_row *row = &listing->rows.items[index];
	const struct owner_query query = living_own_query(&row->connection, row->direction);
	struct owner owner;
	if (clock_monotonic_ns() >= listing->end_ns) {
		finish_late(listing, index);
	} else if (owners_find(listing->finder, &query, OWNER_PROCESS, &owner) == OWNER_FOUND) {
		finish_row(listing, index, &owner);
	} else {
		wait_for_owners(listing, RESOLVER_QUESTIONS - 1);
		listing->ranked[index].is_asked =
			owners_ask(listing->finder, &query, OWNER_PROCESS, index);
		if (listing->ranked[index].is_asked)
			listing->n_asked++;
		else
			finish_late(listing, index);
	}
}

static void list_rows(struct listing *listing)
{
	for (size_t i = 0; i < listing->rows.count; i++) {
		struct netstat_row *row = &listing->rows.items[i];
		if (atomic_load(listing->options->is_cancelled))
			return;
		tell_decision(listing, row);
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
			finish_late(listing, i);
}

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->rate_bps != b->rate_bps)
		return a->rate_bps > b->rate_bps ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return (a->position > b->position) - (a->position < b->position);
}

static char *sorted(struct listing *listing)
{
	if (listing->rows.count)
		qsort(listing->ranked, listing->rows.count, sizeof(*listing->ranked), compare);
	for (size_t i = 0; i < listing->rows.count; i++)
		if (listing->ranked[i].text)
			netstat_answer_row(listing->answer, listing->ranked[i].text);
	return netstat_answer_text(listing->answer, listing->n_late);
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
	/* Of its own: so many questions would leave no place to those that packets wait for. */
	listing->owners = owners_new(ret_why);
	listing->finder = listing->owners ? owner_finder_new(listing->owners) : NULL;
	if (!listing->finder && !*ret_why)
		*ret_why = xasprintf("the owners of connections cannot be looked up: %s",
				     strerror(errno));
	listing->geo_cache = geo_cache_new();
	listing->steps =
		xcalloc(listing->options->snapshot->n_throttle_rules, sizeof(*listing->steps));
	listing->answer = netstat_answer_new();
	open_geo(listing);
	return listing->finder ? 0 : -1;
}

static void close_parts(struct listing *listing)
{
	owner_finder_free(listing->finder);
	owners_free(listing->owners);
	geo_cache_free(listing->geo_cache);
	geo_close(listing->own_geo);
	host_fini(&listing->host);
	netstat_rows_fini(&listing->rows);
	netstat_answer_free(listing->answer);
	free(listing->ranked);
	free(listing->steps);
}

static int read_rows(struct listing *listing, char **ret_why)
{
	struct nl_error error = {0};
	struct timespec now;
	int result = host_read(&listing->host, &error);
	if (!result)
		result = netstat_rows_read(&listing->rows, &listing->host,
					   listing->options->interval_ms,
					   listing->options->is_cancelled, &error);
	if (result)
		*ret_why = xasprintf("the connections cannot be read, at %s: %s",
				     error.what ? error.what : "netlink", strerror(-result));
	clock_gettime(CLOCK_REALTIME, &now);
	listing->now_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	listing->now = *clock_local(&listing->clock, now.tv_sec);
	listing->end_ns = clock_monotonic_ns() + OWNERS_MAX_NS;
	listing->ranked = xcalloc(listing->rows.count, sizeof(*listing->ranked));
	return result;
}

char *netstat_list(const struct netstat_options *options, char **ret_why)
{
	struct listing listing = {.options = options};
	char *text = NULL;
	if (open_parts(&listing, ret_why) == 0 && read_rows(&listing, ret_why) == 0) {
		list_rows(&listing);
		text = sorted(&listing);
	}
	close_parts(&listing);
	if (text && atomic_load(options->is_cancelled)) {
		free(text);
		text = NULL;
		*ret_why = xstrdup("the daemon ends");
	}
	return text;
}
