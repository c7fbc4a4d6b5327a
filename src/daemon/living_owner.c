/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/living_owner.h"

#include <poll.h>

#include "util/clock.h"

#define ONE_NS 1000000000ull /* for each */
#define POLL_MS 10

void living_owners_fini(struct living_owners *living)
{
	owner_finder_free(living->finder);
}

/* Answers that come too late for another connection are passed over. */
static bool collect(struct living_owners *living, struct owner *ret_owner)
{
	struct owner_result result;
	while (owners_collect(living->finder, &result)) {
		if (result.token != living->token)
			continue;
		*ret_owner = result.owner;
		return true;
	}
	return false;
}

static bool wait_for(struct living_owners *living, struct owner *ret_owner)
{
	struct pollfd fd = {.fd = owner_finder_fd(living->finder), .events = POLLIN};
	uint64_t start_ns = clock_monotonic_ns(), waited_ns = 0;
	uint64_t most_ns = living->budget_ns < ONE_NS ? living->budget_ns : ONE_NS;
	bool is_found = false;
	while (!is_found && waited_ns < most_ns && !atomic_load(living->is_cancelled)) {
		poll(&fd, 1, POLL_MS);
		is_found = collect(living, ret_owner);
		waited_ns = clock_monotonic_ns() - start_ns;
	}
	living->budget_ns -= waited_ns < living->budget_ns ? waited_ns : living->budget_ns;
	return is_found;
}

struct owner_query living_own_query(const struct connection *connection, enum direction direction)
{
	bool is_incoming = direction == DIRECTION_IN;
	const struct connection_tuple *tuple =
		is_incoming ? &connection->reply : &connection->original;
	return (struct owner_query){
		.proto = connection->proto,
		.is_incoming = is_incoming,
		.laddr = tuple->saddr,
		.raddr = tuple->daddr,
		.lport = tuple->sport,
		.rport = tuple->dport,
	};
}

struct owner_query living_query(const struct packet *packet, enum direction direction)
{
	bool is_incoming = direction == DIRECTION_IN;
	return (struct owner_query){
		.proto = packet->proto,
		.is_incoming = is_incoming,
		.laddr = is_incoming ? packet->dst : packet->src,
		.raddr = is_incoming ? packet->src : packet->dst,
		.lport = is_incoming ? packet->dport : packet->sport,
		.rport = is_incoming ? packet->sport : packet->dport,
	};
}

/* False where the answer has less than was asked for: it would be asked for again and again. */
bool living_owner(struct living_owners *living, const struct owner_query *query,
		  enum owner_level level, struct owner *ret_owner)
{
	if (!living->finder && living->owners)
		living->finder = owner_finder_new(living->owners);
	if (!living->finder || !living->budget_ns)
		return false;
	if (owners_find(living->finder, query, level, ret_owner) != OWNER_FOUND &&
	    !(owners_ask(living->finder, query, level, ++living->token) &&
	      wait_for(living, ret_owner)))
		return false;
	return ret_owner->level >= level;
}
