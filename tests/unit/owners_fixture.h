/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A judge whose owners are the test's, as is the time. To be linked with --wrap of owners_find,
 * owners_ask and owners_collect, too.
 */
#ifndef TESTS_OWNERS_FIXTURE_H
#define TESTS_OWNERS_FIXTURE_H

#include "judge_fixture.h"

#define MS 1000000u
#define QUEUE 3
#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"local: [10.0.0.0/8]\n"                                                                    \
	"interfaces: {wan0: {out: 10mbit}}\n"                                                      \
	"classes: {default: {out: 1mbit}, web: {out: 2mbit}, slow: {out: 32kbit}}\n"
#define RULES "rules: [{if: cmd == curl, class: web}, {if: user == fred, class: slow}]\n"

#define CLIENT "10.0.0.1:4000"
#define SERVER "192.0.2.1:80"

/* What there is to be found, and what was asked. */
static struct {
	bool is_later; /* must be searched */
	bool is_full;  /* and nothing more can be */
	struct owner owner;
	unsigned found; /* calls */
	unsigned asked;
	enum owner_level level;   /* of the last one */
	struct owner_query query; /* of the last one */
	struct owner_result results[8];
	unsigned n_results;
} world;

static inline struct owner curl(void)
{
	return (struct owner){.level = OWNER_PROCESS,
			      .has_uid = true,
			      .uid = 1000,
			      .user = "fred",
			      .has_pid = true,
			      .pid = 7,
			      .cmd = "curl"};
}

enum owner_answer __wrap_owners_find(struct owner_finder *finder, const struct owner_query *query,
				     enum owner_level level, struct owner *ret_owner);
bool __wrap_owners_ask(struct owner_finder *finder, const struct owner_query *query,
		       enum owner_level level, uint64_t token);
bool __wrap_owners_collect(struct owner_finder *finder, struct owner_result *ret_result);

enum owner_answer __wrap_owners_find(struct owner_finder *finder, const struct owner_query *query,
				     enum owner_level level, struct owner *ret_owner)
{
	assert_non_null(finder);
	world.found++;
	world.level = level;
	world.query = *query;
	if (world.is_later)
		return OWNER_LATER;
	*ret_owner = world.owner;
	ret_owner->level = level;
	return OWNER_FOUND;
}

bool __wrap_owners_ask(struct owner_finder *finder, const struct owner_query *query,
		       enum owner_level level, uint64_t token)
{
	(void)finder;
	(void)query;
	if (world.is_full)
		return false;
	world.asked++;
	world.level = level;
	world.results[0].token = token;
	return true;
}

bool __wrap_owners_collect(struct owner_finder *finder, struct owner_result *ret_result)
{
	(void)finder;
	if (!world.n_results)
		return false;
	*ret_result = world.results[--world.n_results];
	return true;
}

/* The answer to what was asked last. */
static inline void answer(struct owner owner)
{
	world.results[0].owner = owner;
	world.n_results = 1;
}

struct court {
	struct snapshot *snapshot;
	struct bench *bench;
	struct judge *judge;
	uint32_t next_id;
};

static inline struct court open_court(const char *text, unsigned room)
{
	static char finder;
	struct court court = {.snapshot = fixture_snapshot(text, &(struct ids){0}),
			      .judge = judge_new(NULL, room),
			      .next_id = 1};
	assert_int_equal(snapshot_open(court.snapshot, NULL), 0);
	court.bench = bench_new(court.snapshot, (struct owner_finder *)&finder, NULL);
	memset(&world, 0, sizeof(world));
	world.owner = curl();
	world.is_later = true;
	return court;
}

static inline void close_court(struct court *court)
{
	assert_false(judge_is_waited_for(court->judge));
	assert_int_equal(judge_counters(court->judge)->waiting, 0);
	bench_free(court->bench, NULL);
	snapshot_free(court->snapshot);
	judge_free(court->judge);
}

static inline struct nfqueue_packet ask(struct court *court, uint8_t proto,
					enum direction direction, const char *from, const char *to,
					uint32_t asked)
{
	struct wire wire = wire_of(proto, from, to, 100);
	struct nfqueue_packet packet = packet_of(&wire, direction, asked);
	packet.packet_id = court->next_id++;
	packet.queue = QUEUE;
	packet.uid = packet.gid = direction == DIRECTION_OUT ? 1000 : NFQUEUE_NO_UID;
	judge_batch(court->judge, court->bench, &packet, 1, judge_now_ns);
	return packet;
}

static inline uint32_t send_from(struct court *court, const char *from)
{
	return ask(court, IPPROTO_TCP, DIRECTION_OUT, from, SERVER, NFSHAPER_ASK_NEW).answer;
}

/* The packets that are let go now have these ids, in this order, and these answers. */
static inline void assert_released(struct court *court, const uint32_t (*wanted)[2], unsigned count)
{
	const struct nfqueue_packet *packets;
	unsigned released = judge_release(court->judge, court->bench, judge_now_ns, &packets);
	assert_int_equal(released, count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(packets[i].packet_id, wanted[i][0]);
		assert_int_equal(packets[i].answer, wanted[i][1]);
		assert_int_equal(packets[i].queue, QUEUE);
	}
}

static inline uint32_t class_answer(const struct court *court, const char *name)
{
	const struct outcome *outcome = ids_find(&court->snapshot->plan->ids, OUTCOME_CLASS, name);
	assert_non_null(outcome);
	return NFSHAPER_PRIORITY | outcome->id;
}

#endif
