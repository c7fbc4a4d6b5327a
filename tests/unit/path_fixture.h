/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TCP connection of this host on its way through the rules of a text. */
#ifndef TESTS_PATH_FIXTURE_H
#define TESTS_PATH_FIXTURE_H

#include "fixture.h"

#include <netinet/in.h>
#include <string.h>

#include "engine/decide.h"
#include "engine/path.h"

#define NOW 5000000000u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"interfaces: {wan0: {out: 10mbit}}\n"                                                      \
	"classes: {default: {out: 1mbit}, web: {out: 2mbit}, slow: {out: 32kbit}}\n"

#define PACKETS "{limit: 1/60, session: none}"
#define CONNECTIONS "{limit: 1/60, session: none, count: connections}"

struct world {
	struct snapshot *snapshot;
	struct packet packet;
	struct facts facts;
	uint32_t steps[16];
	struct path path;
	struct rule_figures figures[16];
	struct charge charge;
};

/* The path of a TCP connection of this host to that port. */
static inline void begin(struct world *world, const char *text, uint16_t dport)
{
	static const uint8_t there[] = {192, 0, 2, 1}, here[] = {198, 51, 100, 1};
	struct packet_origin origin = {.direction = DIRECTION_OUT, .oif = "wan0"};
	memset(world, 0, sizeof(*world));
	world->snapshot = fixture_snapshot(text, &(struct ids){0});
	assert_int_equal(snapshot_open(world->snapshot, NULL), 0);
	world->packet = (struct packet){
		.src = addr_from_bytes(AF_INET, here),
		.dst = addr_from_bytes(AF_INET, there),
		.proto = IPPROTO_TCP,
		.has_ports = true,
		.sport = 40000,
		.dport = dport,
		.length = 100,
	};
	world->facts = decide_facts(world->snapshot, &world->packet, &origin);
	world->path.steps = world->steps;
	path_find(world->snapshot, &world->facts, &world->path);
	world->charge = (struct charge){.facts = &world->facts,
					.packets = 1,
					.bytes = 100,
					.now_ns = NOW,
					.is_first = true,
					.is_new = true,
					.figures = world->figures};
}

static inline void end(struct world *world)
{
	snapshot_free(world->snapshot);
}

static inline uint32_t id(const struct world *world, enum outcome_kind kind, const char *name)
{
	const struct outcome *outcome = ids_find(&world->snapshot->plan->ids, kind, name);
	assert_non_null(outcome);
	return outcome->id;
}

static inline void expect_stored(struct world *world, enum outcome_kind kind, const char *name,
				 int rule)
{
	struct decision decision = path_charge(world->snapshot, &world->path, &world->charge);
	assert_int_equal(decision.kind, DECISION_STORE);
	assert_int_equal(decision.id, id(world, kind, name));
	assert_int_equal(decision.rule, rule);
}

static inline void expect_refused(struct world *world, enum decision_kind kind, int rule)
{
	struct decision decision = path_charge(world->snapshot, &world->path, &world->charge);
	assert_int_equal(decision.kind, kind);
	assert_int_equal(decision.rule, rule);
	assert_true(decision.is_over);
}

static inline void expect_figures(const struct world *world, size_t rule, uint64_t hits,
				  uint64_t over)
{
	assert_int_equal(world->figures[rule].hits, hits);
	assert_int_equal(world->figures[rule].over, over);
}

#endif
