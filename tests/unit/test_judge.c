/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the bytes of a queued packet to the answer. What whole connections meet is in
 * tests/scenario/rules; here is what is asked, and packets that are out of the ordinary.
 */
#include "judge_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"local: [10.0.0.0/8]\n"                                                                    \
	"interfaces: {wan0: {out: 10mbit}}\n"                                                      \
	"classes: {default: {out: 1mbit}, web: {out: 2mbit}, slow: {out: 32kbit}}\n"

#define CLIENT "10.0.0.1:4000"
#define SERVER "192.0.2.1:80"

struct court {
	struct snapshot *snapshot;
	struct bench *bench;
	struct judge *judge;
};

static struct court open_court(const char *text)
{
	struct court court = {.snapshot = fixture_snapshot(text, &(struct ids){0}),
			      .judge = judge_new(NULL, 0)};
	assert_int_equal(snapshot_open(court.snapshot, NULL), 0);
	court.bench = bench_new(court.snapshot, NULL, NULL);
	judge_mtu = 1500;
	return court;
}

static void close_court(struct court *court)
{
	bench_free(court->bench, NULL);
	snapshot_free(court->snapshot);
	judge_free(court->judge);
}

static uint32_t judge_one(const struct court *court, struct nfqueue_packet *packet)
{
	judge_batch(court->judge, court->bench, packet, 1, judge_now_ns);
	return packet->answer;
}

static uint32_t judge_tcp(const struct court *court, enum direction direction, const char *from,
			  const char *to, uint32_t asked)
{
	struct wire wire = wire_of(IPPROTO_TCP, from, to, 100);
	struct nfqueue_packet packet = packet_of(&wire, direction, asked);
	return judge_one(court, &packet);
}

static uint32_t id(const struct court *court, enum outcome_kind kind, const char *name)
{
	const struct outcome *outcome = ids_find(&court->snapshot->plan->ids, kind, name);
	assert_non_null(outcome);
	return outcome->id;
}

static uint32_t stored(const struct court *court, enum outcome_kind kind, const char *name)
{
	return NFSHAPER_PRIORITY | id(court, kind, name);
}

static void without_throttles(void **state)
{
	struct court court = open_court(HEAD "rules:\n"
					     "  - {if: dport == 80, class: web}\n"
					     "  - {if: dport == 23, action: reject}\n"
					     "  - {if: dport == 24, action: drop}\n");
	(void)state;
	assert_int_equal(judge_tcp(&court, DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_NEW),
			 stored(&court, OUTCOME_CLASS, "web"));
	assert_int_equal(judge_tcp(&court, DIRECTION_OUT, CLIENT, "192.0.2.1:23", NFSHAPER_ASK_NEW),
			 stored(&court, OUTCOME_REJECT, "reject"));
	assert_int_equal(
		judge_tcp(&court, DIRECTION_OUT, CLIENT, "192.0.2.1:24", NFSHAPER_ASK_ALIVE),
		stored(&court, OUTCOME_DROP, "drop"));
	assert_int_equal(judge_tcp(&court, DIRECTION_OUT, CLIENT, "192.0.2.1:25", NFSHAPER_ASK_NEW),
			 stored(&court, OUTCOME_CLASS, "default"));
	close_court(&court);
}

/* The interfaces and the hook are facts, and change places for replies. */
static void directions(void **state)
{
	static const struct {
		enum direction direction;
		const char *from, *to, *class;
		uint32_t asked;
	} cases[] = {
		{DIRECTION_OUT, CLIENT, SERVER, "web", NFSHAPER_ASK_NEW},
		{DIRECTION_IN, SERVER, CLIENT, "slow", NFSHAPER_ASK_NEW},
		{DIRECTION_FORWARD, "10.0.0.2:4000", SERVER, "default", NFSHAPER_ASK_NEW},
	};
	struct court court = open_court(HEAD "rules:\n"
					     "  - {if: dir == out and oif == wan0, class: web}\n"
					     "  - {if: dir == in and iif == wan0, class: slow}\n"
					     "  - {if: dir == forward and iif == lan0 and oif == "
					     "wan0, action: accept}\n"
					     "  - {if: proto == tcp, action: drop}\n");
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(judge_tcp(&court, cases[i].direction, cases[i].from, cases[i].to,
					   cases[i].asked),
				 stored(&court, OUTCOME_CLASS, cases[i].class));
	close_court(&court);
}

/* A reply that comes first (the way was forgotten) finds the way of its original direction. */
static void replies_find_the_way(void **state)
{
	static const struct {
		enum direction original, reply;
		const char *rule;
	} cases[] = {
		{DIRECTION_OUT, DIRECTION_IN, "dir == out and oif == wan0 and dport == 80"},
		{DIRECTION_IN, DIRECTION_OUT, "dir == in and iif == wan0 and dport == 80"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		snprintf(text, sizeof(text),
			 HEAD "throttles: {t: {limit: 1/60}}\n"
			      "rules: [{if: %s, throttle: t, class: web}]\n",
			 cases[i].rule);
		struct court court = open_court(text);
		uint32_t web = stored(&court, OUTCOME_QUEUED, "web");
		/* It is not charged: it does not match. */
		assert_int_equal(
			judge_tcp(&court, cases[i].reply, SERVER, CLIENT, NFSHAPER_ASK_REPLY),
			NFSHAPER_ANSWER_PASS);
		assert_int_equal(
			judge_tcp(&court, cases[i].original, CLIENT, SERVER, NFSHAPER_ASK_ORIGINAL),
			web);
		assert_int_equal(
			judge_tcp(&court, cases[i].original, CLIENT, SERVER, NFSHAPER_ASK_ORIGINAL),
			NFQUEUE_DROP);
		close_court(&court);
	}
}

/* Through a gateway the interfaces of a reply are turned round as well. */
static void forwarded_replies(void **state)
{
	struct court court = open_court(HEAD "throttles: {t: {limit: 2/60, session: laddr}}\n"
					     "rules: [{if: lport == 4000 and iif == lan0, "
					     "throttle: t, class: web}]\n");
	struct wire wire = wire_of(IPPROTO_TCP, SERVER, CLIENT, 100);
	struct nfqueue_packet reply = packet_of(&wire, DIRECTION_FORWARD, NFSHAPER_ASK_REPLY);
	(void)state;
	reply.iif = WAN;
	reply.oif = LAN;
	assert_int_equal(judge_one(&court, &reply), NFSHAPER_ANSWER_PASS);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			judge_tcp(&court, DIRECTION_FORWARD, CLIENT, SERVER, NFSHAPER_ASK_ORIGINAL),
			stored(&court, OUTCOME_QUEUED, "web"));
	assert_int_equal(
		judge_tcp(&court, DIRECTION_FORWARD, CLIENT, SERVER, NFSHAPER_ASK_ORIGINAL),
		NFQUEUE_DROP);
	close_court(&court);
}

static void calls(void **state)
{
	static const struct {
		const char *client;
		uint32_t asked, answer;
	} cases[] = {
		{CLIENT, NFSHAPER_ASK_CALL_ALIVE, NFSHAPER_ANSWER_PASS},
		{CLIENT, NFSHAPER_ASK_CALL, NFSHAPER_ANSWER_PASS},
		{CLIENT, NFSHAPER_ASK_CALL, NFSHAPER_ANSWER_PASS}, /* the same connection */
		{"10.0.0.1:4001", NFSHAPER_ASK_CALL, NFSHAPER_ANSWER_REJECT},
		{"10.0.0.1:4001", NFSHAPER_ASK_CALL, NFSHAPER_ANSWER_REJECT},
		{"10.0.0.1:4001", NFSHAPER_ASK_CALL_ALIVE, NFSHAPER_ANSWER_PASS},
	};
	struct court court =
		open_court(HEAD "throttles: {t: {limit: 1/60, session: none, count: connections, "
				"over: reject}}\n"
				"rules: [{if: proto == tcp, action: drop}]\n");
	uint32_t call = id(&court, OUTCOME_CALL, "t");
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(judge_tcp(&court, DIRECTION_OUT, cases[i].client, SERVER,
					   cases[i].asked | call),
				 cases[i].answer);
	/* A throttle that a reload has taken away. */
	assert_int_equal(
		judge_tcp(&court, DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_CALL | 0xffff),
		NFSHAPER_ANSWER_PASS);
	close_court(&court);
}

/* What cannot be judged gets class default where it has no decision, and else passes as it is. */
static void what_cannot_be_judged(void **state)
{
	struct court court =
		open_court(HEAD "throttles: {t: {limit: 1/60}}\n"
				"rules: [{if: proto == tcp, throttle: t, over: reject}]\n");
	uint32_t call = id(&court, OUTCOME_CALL, "t"),
		 fallback = stored(&court, OUTCOME_CLASS, "default");
	const struct {
		uint32_t asked, answer;
	} cases[] = {
		{NFSHAPER_ASK_NEW, fallback},
		{NFSHAPER_ASK_ALIVE, fallback},
		{NFSHAPER_ASK_ORIGINAL, NFSHAPER_ANSWER_PASS},
		{NFSHAPER_ASK_REPLY, NFSHAPER_ANSWER_PASS},
		{NFSHAPER_ASK_CALL | call, NFSHAPER_ANSWER_PASS},
		{NFSHAPER_ASK_CALL_ALIVE | call, NFSHAPER_ANSWER_PASS},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire wire = wire_of(IPPROTO_TCP, CLIENT, SERVER, 100);
		struct nfqueue_packet packet = packet_of(&wire, DIRECTION_OUT, cases[i].asked);
		packet.captured = 22;
		assert_int_equal(judge_one(&court, &packet), cases[i].answer);
		packet.captured = 0;
		assert_int_equal(judge_one(&court, &packet), cases[i].answer);
		packet = packet_of(&wire, DIRECTION_FORWARD, cases[i].asked);
		packet.is_bridged = true;
		assert_int_equal(judge_one(&court, &packet), cases[i].answer);
	}
	assert_int_equal(judge_counters(court.judge)->malformed, 2 * COUNT(cases));
	assert_int_equal(judge_counters(court.judge)->bridged, COUNT(cases));
	close_court(&court);
}

/* How many packets a GSO packet is charged as, by the limit that it just fits. */
static unsigned segments_of(uint8_t proto, uint32_t length, bool is_gso)
{
	struct court court = open_court(HEAD "throttles: {t: {limit: 100/60, session: none}}\n"
					     "rules: [{if: lport == 4000, throttle: t}]\n");
	struct throttle_figures figures;
	struct wire wire = wire_of(proto, CLIENT, SERVER, length);
	struct nfqueue_packet packet = packet_of(&wire, DIRECTION_OUT, NFSHAPER_ASK_NEW);
	packet.is_gso = is_gso;
	judge_one(&court, &packet);
	throttle_figures(court.snapshot->throttles[0], &figures);
	close_court(&court);
	return (unsigned)(figures.passed + figures.over);
}

static void segments_are_estimated(void **state)
{
	(void)state;
	assert_int_equal(segments_of(IPPROTO_TCP, 1500, true), 1);
	assert_int_equal(segments_of(IPPROTO_TCP, 40 + 1460, true), 1);
	assert_int_equal(segments_of(IPPROTO_TCP, 40 + 1460 + 1, true), 2);
	assert_int_equal(segments_of(IPPROTO_TCP, 40 + 10 * 1460, true), 10);
	assert_int_equal(segments_of(IPPROTO_UDP, 28 + 10 * 1472, true), 10);
	assert_int_equal(segments_of(IPPROTO_UDP, 28 + 10 * 1472 + 1, true), 11);
	assert_int_equal(segments_of(IPPROTO_TCP, 40, true), 1);
	/* A long packet that is none is one. */
	assert_int_equal(segments_of(IPPROTO_UDP, 60000, false), 1);
}

/* By bytes, each segment has headers; without an interface one packet is all that is known. */
static void segments_have_headers(void **state)
{
	struct court court = open_court(HEAD "throttles: {t: {rate: 8kbit, burst: 15000B, session: "
					     "none}}\n"
					     "rules: [{if: dport == 80, throttle: t}]\n");
	struct wire wire = wire_of(IPPROTO_TCP, CLIENT, SERVER, 40 + 10 * 1460);
	struct nfqueue_packet packet = packet_of(&wire, DIRECTION_OUT, NFSHAPER_ASK_NEW);
	uint32_t counted = stored(&court, OUTCOME_QUEUED, "default");
	(void)state;
	packet.is_gso = true;
	assert_int_equal(judge_one(&court, &packet), counted);
	packet = packet_of(&wire, DIRECTION_OUT, NFSHAPER_ASK_NEW);
	packet.length = packet.captured;
	wire = wire_of(IPPROTO_TCP, CLIENT, SERVER, 40);
	packet.asked = NFSHAPER_ASK_ORIGINAL;
	assert_int_equal(judge_one(&court, &packet), NFQUEUE_DROP);
	judge_now_ns += 100 * SECOND;
	wire = wire_of(IPPROTO_TCP, CLIENT, SERVER, 15000);
	packet = packet_of(&wire, DIRECTION_OUT, NFSHAPER_ASK_ORIGINAL);
	packet.is_gso = true;
	packet.oif = 99;
	assert_int_equal(judge_one(&court, &packet), counted);
	close_court(&court);
}

/* The same rules: figures and ways are kept; other rules: they begin anew. */
static void benches(void **state)
{
	struct court court = open_court(HEAD "throttles: {t: {limit: 9/60}}\n"
					     "rules: [{if: dport == 80, throttle: t}]\n");
	struct diags diags;
	(void)state;
	judge_tcp(&court, DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_NEW);
	assert_int_equal(court.bench->figures[0].hits, 1);
	diags_init(&diags);
	struct snapshot *derived = snapshot_derive(court.snapshot, &court.snapshot->list,
						   &court.snapshot->plan->ids, IN_VIA_IFB, &diags);
	assert_non_null(derived);
	assert_int_equal(snapshot_open(derived, court.snapshot), 0);
	struct bench *bench = bench_new(derived, NULL, court.bench);
	assert_int_equal(bench->figures[0].hits, 1);
	bench_free(court.bench, bench);
	snapshot_free(court.snapshot);
	court.bench = bench;
	court.snapshot = derived;
	judge_tcp(&court, DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_ORIGINAL);
	assert_int_equal(court.bench->figures[0].hits, 2);
	diags_fini(&diags);
	close_court(&court);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_throttles),
		cmocka_unit_test(directions),
		cmocka_unit_test(replies_find_the_way),
		cmocka_unit_test(forwarded_replies),
		cmocka_unit_test(calls),
		cmocka_unit_test(what_cannot_be_judged),
		cmocka_unit_test(segments_are_estimated),
		cmocka_unit_test(segments_have_headers),
		cmocka_unit_test(benches),
	};
	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
