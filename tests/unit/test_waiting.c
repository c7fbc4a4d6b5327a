/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets that wait for the owner of their connection: order, deadline, room, and the end. */
#include "owners_fixture.h"

#include "daemon/waiting.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Those of a connection go in their order, those of others at once. */
static void order(void **state)
{
	struct court court = open_court(
		HEAD "rules: [{if: sport == 5000, class: slow}, {if: cmd == curl, class: web}]\n",
		8);
	uint32_t web = class_answer(&court, "web");
	(void)state;
	assert_int_equal(send_from(&court, CLIENT), NFQUEUE_WAIT);
	assert_int_equal(send_from(&court, CLIENT), NFQUEUE_WAIT);
	assert_int_equal(send_from(&court, "10.0.0.1:5000"), class_answer(&court, "slow"));
	assert_int_equal(send_from(&court, CLIENT), NFQUEUE_WAIT);
	assert_int_equal(world.asked, 1);
	assert_int_equal(judge_counters(court.judge)->waiting, 3);
	assert_released(&court, NULL, 0);
	answer(curl());
	assert_released(&court, (const uint32_t[][2]){{1, web}, {2, web}, {4, web}}, 3);
	assert_int_equal(judge_counters(court.judge)->late, 0);
	/* It was decided once, and is remembered. */
	assert_int_equal(court.bench->figures[1].hits, 1);
	assert_int_equal(send_from(&court, CLIENT), web);
	assert_int_equal(world.asked, 1);
	close_court(&court);
}

/* What is behind and cannot be told by the one before asks itself. */
static void behind(void **state)
{
	struct court court = open_court(HEAD RULES, 8);
	uint32_t web = class_answer(&court, "web");
	(void)state;
	for (int i = 0; i < 2; i++) /* without ports nothing is remembered */
		assert_int_equal(ask(&court, IPPROTO_ICMP, DIRECTION_OUT, "10.0.0.1:8",
				     "192.0.2.1:0", NFSHAPER_ASK_NEW)
					 .answer,
				 NFQUEUE_WAIT);
	answer((struct owner){.level = OWNER_USER, .user = "bob"});
	assert_released(&court, NULL, 0); /* the process is wanted, too */
	assert_int_equal(world.asked, 2);
	assert_int_equal(world.level, OWNER_PROCESS);
	answer(curl());
	assert_released(&court, (const uint32_t[][2]){{1, web}, {2, web}}, 2);
	close_court(&court);
}

static void late(void **state)
{
	static const struct {
		const char *queue;
		uint32_t answer, deadline_ms;
	} cases[] = {
		{"", NFSHAPER_ANSWER_PASS, 20},
		{"queue: {owner-deadline: 5ms, on-failure: closed}\n", NFQUEUE_DROP, 5},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		snprintf(text, sizeof(text), HEAD RULES "%s", cases[i].queue);
		struct court court = open_court(text, 8);
		uint32_t answer_late = cases[i].answer, web = class_answer(&court, "web");
		assert_int_equal(judge_patience_ms(court.judge, court.bench, judge_now_ns), -1);
		send_from(&court, CLIENT);
		judge_now_ns += MS;
		send_from(&court, CLIENT);
		assert_int_equal(judge_patience_ms(court.judge, court.bench, judge_now_ns),
				 cases[i].deadline_ms - 1);
		judge_now_ns += (cases[i].deadline_ms - 1) * MS - 1;
		assert_int_equal(judge_patience_ms(court.judge, court.bench, judge_now_ns), 1);
		assert_released(&court, NULL, 0);
		judge_now_ns += 1;
		assert_int_equal(judge_patience_ms(court.judge, court.bench, judge_now_ns), 0);
		assert_released(&court, (const uint32_t[][2]){{1, answer_late}}, 1);
		/* The next one waits for the same answer, and nothing is asked twice. */
		assert_int_equal(world.asked, 1);
		answer(curl());
		assert_released(&court, (const uint32_t[][2]){{2, web}}, 1);
		assert_int_equal(judge_counters(court.judge)->late, 1);
		/* An answer that nobody waits for. */
		answer(curl());
		assert_released(&court, NULL, 0);
		close_court(&court);
	}
}

/* Where there is no room, or too much is searched, packets are late at once; but of a connection
 * whose packets wait, the first of them, so that none overtakes another. */
static void no_room(void **state)
{
	struct court court = open_court(HEAD RULES, 2);
	uint32_t web = class_answer(&court, "web");
	(void)state;
	assert_int_equal(send_from(&court, CLIENT), NFQUEUE_WAIT);
	assert_int_equal(send_from(&court, CLIENT), NFQUEUE_WAIT);
	assert_int_equal(send_from(&court, "10.0.0.1:4001"), NFSHAPER_ANSWER_PASS);
	assert_int_equal(send_from(&court, CLIENT), NFQUEUE_WAIT);
	assert_int_equal(send_from(&court, CLIENT), NFQUEUE_WAIT);
	assert_released(&court,
			(const uint32_t[][2]){{1, NFSHAPER_ANSWER_PASS}, {2, NFSHAPER_ANSWER_PASS}},
			2);
	assert_int_equal(world.asked, 1);
	answer(curl());
	assert_released(&court, (const uint32_t[][2]){{4, web}, {5, web}}, 2);
	world.is_full = true;
	assert_int_equal(send_from(&court, "10.0.0.1:4002"), NFSHAPER_ANSWER_PASS);
	assert_int_equal(judge_counters(court.judge)->late, 4);
	close_court(&court);
}

/* New rules while packets wait: they are judged by these. At the end nothing waits. */
static void changes(void **state)
{
	struct court court = open_court(HEAD RULES, 8);
	static char finder;
	(void)state;
	send_from(&court, CLIENT);
	struct snapshot *snapshot = fixture_snapshot(
		HEAD "rules: [{if: dport == 80, class: slow}]\n", &court.snapshot->plan->ids);
	assert_int_equal(snapshot_open(snapshot, court.snapshot), 0);
	struct bench *bench = bench_new(snapshot, (struct owner_finder *)&finder, court.bench);
	bench_free(court.bench, bench);
	snapshot_free(court.snapshot);
	court.snapshot = snapshot;
	court.bench = bench;
	judge_forget(court.judge);
	answer(curl());
	assert_released(&court, (const uint32_t[][2]){{1, class_answer(&court, "slow")}}, 1);
	close_court(&court);
	court = open_court(HEAD RULES "queue: {on-failure: closed}\n", 8);
	send_from(&court, CLIENT);
	send_from(&court, CLIENT);
	judge_stop_waiting(court.judge);
	assert_released(&court,
			(const uint32_t[][2]){{1, NFSHAPER_ANSWER_PASS}, {2, NFSHAPER_ANSWER_PASS}},
			2);
	assert_int_equal(send_from(&court, CLIENT), NFSHAPER_ANSWER_PASS);
	close_court(&court);
}

/* A room that is filled and emptied again and again, in whatever order. */
static void rooms(void **state)
{
	struct waiting *waiting = waiting_new(4);
	struct waiting_packet *packet;
	uint8_t bytes[NFQUEUE_COPY_RANGE];
	struct nfqueue_packet queued = {.data = bytes, .captured = sizeof(bytes)};
	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (uint64_t token = 1; token < 1000; token++) {
		struct packet flow = {.sport = (uint16_t)(token % 2), .has_ports = true};
		queued.packet_id = (uint32_t)token;
		waiting_add(waiting, &queued, &flow, token, token);
		assert_true(waiting_has(waiting, &flow));
		assert_int_equal(waiting_is_full(waiting), waiting_count(waiting) == 4);
		if (!waiting_is_full(waiting))
			continue;
		/* The first, one in the middle, or the last. */
		packet = token % 3 == 1 ? waiting_first(waiting)
					: waiting_find(waiting, token - token % 3 / 2);
		assert_int_equal(packet->queued.packet_id, packet->token);
		assert_memory_equal(packet->queued.data, bytes, sizeof(bytes));
		struct waiting_packet *next = waiting_behind(packet);
		if (next)
			assert_int_equal(next->flow.sport, packet->flow.sport);
		waiting_remove(waiting, packet);
		assert_int_equal(waiting_count(waiting), 3);
	}
	while ((packet = waiting_first(waiting)))
		waiting_remove(waiting, packet);
	assert_false(waiting_has(waiting, &(struct packet){.has_ports = true}));
	assert_null(waiting_find(waiting, 998));
	waiting_free(waiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),   cmocka_unit_test(behind),  cmocka_unit_test(late),
		cmocka_unit_test(no_room), cmocka_unit_test(changes), cmocka_unit_test(rooms),
	};
	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
