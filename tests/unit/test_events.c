/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the daemon tells: entries of the journal, losses, decisions; and when the watchdog is fed.
 */
#include <pthread.h>
#include <string.h>

#include "daemon/decision_log.h"
#include "daemon/decision_ring.h"
#include "daemon/losses.h"
#include "daemon/watchdog.h"
#include "judge_fixture.h"
#include "util/log.h"

static void test_journal_entry(void **state)
{
	static const char expected[] = "MESSAGE=a = b\n"
				       "RULE\n\x0c\0\0\0\0\0\0\0two\nlines=\n\n\n"
				       "EMPTY=\n";
	const struct log_field fields[] = {
		{"MESSAGE", "a = b"},
		{"NOTHING", NULL},
		{"RULE", "two\nlines=\n\n"},
		{"EMPTY", ""},
	};
	size_t length;
	char *entry = journal_entry(fields, 4, &length);
	(void)state;
	assert_int_equal(length, sizeof(expected) - 1);
	assert_memory_equal(entry, expected, length);
	free(entry);
}

static void test_losses(void **state)
{
	struct queue_sums before = {.received = 10, .queue_dropped = 5, .malformed = 1};
	struct queue_sums now = before;
	(void)state;
	now.received = 1000;
	now.waiting = 7;
	assert_null(losses_text(&before, &now));
	now.queue_dropped = 8;
	now.enobufs = 2;
	char *text = losses_text(&before, &now);
	assert_string_equal(text,
			    "3 packets met a full queue (`queue: {length: …}`), 2 overruns of "
			    "the socket");
	free(text);
	/* Queues that were bound anew count from 0. */
	assert_null(losses_text(&now, &before));
}

/* A worker that does not turn keeps the watchdog hungry, whatever the others do. */
static void test_watchdog(void **state)
{
	uint64_t seen[3] = {0}, turns[3] = {1, 1, 1};
	(void)state;
	assert_true(watchdog_all_turned(seen, turns, 3));
	assert_false(watchdog_all_turned(seen, turns, 3));
	turns[0] = 9;
	turns[2] = 2;
	assert_false(watchdog_all_turned(seen, turns, 3));
	turns[0] = 17;
	assert_false(watchdog_all_turned(seen, turns, 3));
	turns[1] = 2;
	assert_true(watchdog_all_turned(seen, turns, 3));
	assert_memory_equal(seen, turns, sizeof(seen));
	assert_false(watchdog_all_turned(seen, turns, 3));
}

static void put(struct decision_ring *ring, uint32_t number)
{
	struct decision_entry *entry = decision_ring_reserve(ring);
	assert_non_null(entry);
	entry->iif = number;
	decision_ring_commit(ring);
}

static void test_ring_is_bounded(void **state)
{
	struct decision_ring *ring = decision_ring_new();
	(void)state;
	assert_null(decision_ring_peek(ring));
	for (uint32_t i = 0; i < DECISION_RING_SIZE; i++)
		put(ring, i);
	assert_int_equal(decision_ring_lost(ring), 0);
	assert_null(decision_ring_reserve(ring));
	assert_null(decision_ring_reserve(ring));
	assert_int_equal(decision_ring_lost(ring), 2);
	for (uint32_t i = 0; i < 3 * DECISION_RING_SIZE; i++) {
		assert_int_equal(decision_ring_peek(ring)->iif, i);
		decision_ring_release(ring);
		put(ring, DECISION_RING_SIZE + i);
	}
	assert_int_equal(decision_ring_lost(ring), 2);
	decision_ring_free(ring);
}

#define ENTRIES 200000u

static void *write_entries(void *data)
{
	for (uint32_t i = 1; i <= ENTRIES; i++) {
		struct decision_entry *entry = decision_ring_reserve(data);
		if (!entry)
			continue;
		entry->iif = i;
		entry->oif = ~i;
		decision_ring_commit(data);
	}
	return NULL;
}

/* Nothing is torn, nothing comes twice, and what is missing is counted. */
static void test_ring_of_two_threads(void **state)
{
	struct decision_ring *ring = decision_ring_new();
	uint32_t last = 0;
	uint64_t got = 0;
	pthread_t thread;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, write_entries, ring), 0);
	while (got + decision_ring_lost(ring) < ENTRIES) {
		const struct decision_entry *entry = decision_ring_peek(ring);
		if (!entry)
			continue;
		assert_true(entry->iif > last);
		assert_int_equal(entry->oif, ~entry->iif);
		last = entry->iif;
		got++;
		decision_ring_release(ring);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_null(decision_ring_peek(ring));
	assert_int_equal(got + decision_ring_lost(ring), ENTRIES);
	decision_ring_free(ring);
}

static const char rules[] = "version: 1\n"
			    "interfaces: {wan0: {out: 10mbit}}\n"
			    "classes: {web: {out: 1mbit}}\n"
			    "throttles:\n"
			    "  few: {limit: 1/60, session: saddr}\n"
			    "rules:\n"
			    "  - {name: the web, if: dport == 80, class: web}\n"
			    "  - {name: no telnet, if: dport == 23, action: reject}\n"
			    "  - {if: dport == 53, throttle: few, over: drop}\n";

static void expect_text(struct decision_ring *ring, const char *expected)
{
	const struct decision_entry *entry = decision_ring_peek(ring);
	assert_non_null(entry);
	struct decision_entry copy = *entry;
	copy.iif = copy.oif = 0; /* the fixture's interfaces are not this machine's */
	char *text = decision_log_text(&copy);
	assert_string_equal(text, expected);
	free(text);
	decision_ring_release(ring);
}

/* Every packet that is judged is in the ring, with the rule that decided. */
static void test_decisions(void **state)
{
	static const char *const targets[] = {"192.0.2.1:80", "192.0.2.1:23", "192.0.2.1:9",
					      "192.0.2.1:53", "192.0.2.1:53"};
	struct nfqueue_packet packets[5];
	struct wire wires[5];
	struct snapshot *snapshot = fixture_snapshot(rules, &(struct ids){0});
	(void)state;
	struct judge *judge = judge_new(NULL, 0);
	assert_null(judge_decisions(judge));
	judge_free(judge);
	log_set_level(LOG_NOISY);
	judge = judge_new(NULL, 0);
	log_set_level(LOG_NORMAL);
	struct decision_ring *ring = judge_decisions(judge);
	assert_int_equal(snapshot_open(snapshot, NULL), 0);
	struct bench *bench = bench_new(snapshot, NULL, NULL);
	for (unsigned i = 0; i < 5; i++) {
		char source[] = "10.0.0.1:1000";
		source[12] = (char)('0' + i);
		wires[i] = wire_of(IPPROTO_UDP, source, targets[i], 100);
		packets[i] = packet_of(&wires[i], DIRECTION_FORWARD, NFSHAPER_ASK_NEW);
	}
	wires[2].bytes[0] = 0x75; /* no version of IP: it is not judged */
	judge_batch(judge, bench, packets, 5, judge_now_ns);
	expect_text(ring, "udp 10.0.0.1:1000 -> 192.0.2.1:80, forward, 100 bytes: class web, by "
			  "`the web`");
	expect_text(ring, "udp 10.0.0.1:1001 -> 192.0.2.1:23, forward, 100 bytes: reject, by "
			  "`no telnet`");
	expect_text(ring,
		    "udp 10.0.0.1:1003 -> 192.0.2.1:53, forward, 100 bytes: class default, by "
		    "no rule");
	expect_text(ring, "udp 10.0.0.1:1004 -> 192.0.2.1:53, forward, 100 bytes: drop, by "
			  "`rule 3`, over its limit");
	assert_null(decision_ring_peek(ring));
	bench_free(bench, NULL);
	judge_free(judge);
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_entry),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_ring_is_bounded),
		cmocka_unit_test(test_ring_of_two_threads),
		cmocka_unit_test(test_decisions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
