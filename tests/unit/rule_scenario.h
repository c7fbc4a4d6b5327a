/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packets of test_rule_scenario.c, and what a kernel would do with them. */
#ifndef TESTS_RULE_SCENARIO_H
#define TESTS_RULE_SCENARIO_H

#include "judge_fixture.h"

#include "net/proto.h"

#define WORDS_MAX 40
#define CONNECTIONS_MAX 512
#define TOGETHER_MAX 64
#define FIRST_PORT 20000

/* What conntrack has of a connection. */
struct connection {
	char from[64], to[64];
	uint8_t proto;
	bool is_confirmed;
	uint32_t id; /* of the mark; 0: no decision yet */
};

struct scenario {
	const char *name;
	FILE *file;
	unsigned line;
	char *words[WORDS_MAX + 1];
	struct snapshot *snapshot;
	struct bench *bench;
	struct judge *judge;
	struct connection connections[CONNECTIONS_MAX];
	size_t n_connections;
	unsigned next_port;
};

/* A line `at …`, taken apart. */
struct event {
	enum direction direction;
	uint8_t proto;
	const char *from, *to;
	unsigned times;
	bool together;
	uint32_t length;
	uint32_t uid;
	const char *call;
	char **outcomes; /* words */
};

/* One packet between question and answer. */
struct asked {
	struct connection *connection;
	struct wire wire;
	struct nfqueue_packet packet;
	bool is_queued;
};

static inline void stop_at(const struct scenario *scenario, const char *what)
{
	fail_msg("%s:%u: %s", scenario->name, scenario->line, what);
}

static inline uint32_t number_of(const struct scenario *scenario, const char *text)
{
	char *end = NULL;
	unsigned long number = text ? strtoul(text, &end, 0) : 0;
	if (!text || end == text || *end)
		stop_at(scenario, "a number was expected");
	return (uint32_t)number;
}

/* The rules.yaml up to the line `packets`, into force. */
static inline void scenario_load(struct scenario *scenario)
{
	char line[1024], *text = NULL;
	size_t size;
	struct snapshot_known known = {0};
	struct snapshot *before = scenario->snapshot;
	struct bench *old = scenario->bench;
	FILE *out = open_memstream(&text, &size);
	while (fgets(line, sizeof(line), scenario->file) && strcmp(line, "packets\n") != 0) {
		scenario->line++;
		fputs(line, out);
	}
	scenario->line++;
	fclose(out);
	if (before) {
		ids_remember(&known.ids, &before->plan->ids);
		throttle_list_copy(&known.throttles, &before->list);
	}
	scenario->snapshot = fixture_snapshot_known(text, &known);
	assert_int_equal(snapshot_open(scenario->snapshot, before), 0);
	snapshot_apply_limits(scenario->snapshot);
	scenario->bench = bench_new(scenario->snapshot, NULL, old);
	judge_forget(scenario->judge);
	bench_free(old, scenario->bench);
	snapshot_free(before);
	throttle_list_fini(&known.throttles);
	ids_fini(&known.ids);
	free(text);
}

static inline struct connection *find_connection(struct scenario *scenario, uint8_t proto,
						 const char *from, const char *to, bool *ret_reply)
{
	for (size_t i = 0; i < scenario->n_connections; i++) {
		struct connection *connection = &scenario->connections[i];
		bool same = strcmp(connection->from, from) == 0 && strcmp(connection->to, to) == 0;
		*ret_reply = strcmp(connection->from, to) == 0 && strcmp(connection->to, from) == 0;
		if (connection->proto == proto && (same || *ret_reply))
			return connection;
	}
	return NULL;
}

static inline struct connection *add_connection(struct scenario *scenario, uint8_t proto,
						const char *from, const char *to)
{
	if (scenario->n_connections == CONNECTIONS_MAX)
		stop_at(scenario, "too many connections");
	struct connection *connection = &scenario->connections[scenario->n_connections++];
	*connection = (struct connection){.proto = proto};
	snprintf(connection->from, sizeof(connection->from), "%s", from);
	snprintf(connection->to, sizeof(connection->to), "%s", to);
	return connection;
}

/* `10.0.0.1:*` becomes `10.0.0.1:20000`. */
static inline void fresh_port(struct scenario *scenario, const char *text, char *buffer,
			      size_t size)
{
	size_t length = strlen(text);
	if (length && text[length - 1] == '*')
		snprintf(buffer, size, "%.*s%u", (int)length - 1, text,
			 FIRST_PORT + scenario->next_port++);
	else
		snprintf(buffer, size, "%s", text);
}

/* An ICMP reply is of the same connection as its request. */
static inline void key_of(const char *text, uint8_t proto, char *buffer, size_t size)
{
	const char *colon = proto == IPPROTO_ICMP ? strrchr(text, ':') : NULL;
	snprintf(buffer, size, "%.*s", (int)(colon ? (size_t)(colon - text) : strlen(text)), text);
}

/* What the table asks about a packet; 0: it does not ask. */
static inline uint32_t question_of(const struct scenario *scenario, const struct event *event,
				   const struct connection *connection, bool is_reply)
{
	if (event->call) {
		const struct outcome *call =
			ids_find(&scenario->snapshot->plan->ids, OUTCOME_CALL, event->call);
		if (!call) {
			stop_at(scenario, "there is no such throttle");
			return 0;
		}
		return (connection->is_confirmed ? NFSHAPER_ASK_CALL_ALIVE : NFSHAPER_ASK_CALL) |
		       call->id;
	}
	/* A mark that the table does not know means nothing. */
	const struct outcome *outcome = ids_by_id(&scenario->snapshot->plan->ids, connection->id);
	if (outcome && outcome->kind == OUTCOME_QUEUED)
		return is_reply ? NFSHAPER_ASK_REPLY : NFSHAPER_ASK_ORIGINAL;
	if (outcome || is_reply)
		return 0;
	return connection->is_confirmed ? NFSHAPER_ASK_ALIVE : NFSHAPER_ASK_NEW;
}

static inline void ask(struct scenario *scenario, const struct event *event, struct asked *asked)
{
	char from[64], to[64], from_key[64], to_key[64];
	bool is_reply = false;
	fresh_port(scenario, event->from, from, sizeof(from));
	fresh_port(scenario, event->to, to, sizeof(to));
	key_of(from, event->proto, from_key, sizeof(from_key));
	key_of(to, event->proto, to_key, sizeof(to_key));
	asked->connection = find_connection(scenario, event->proto, from_key, to_key, &is_reply);
	if (!asked->connection)
		asked->connection = add_connection(scenario, event->proto, from_key, to_key);
	asked->wire = wire_of(event->proto, from, to, event->length);
	asked->packet = packet_of(&asked->wire, event->direction, 0);
	asked->packet.asked = question_of(scenario, event, asked->connection, is_reply);
	asked->packet.uid = event->uid;
	asked->is_queued = asked->packet.asked != 0;
	if (event->direction == DIRECTION_FORWARD && is_reply) {
		asked->packet.iif = WAN;
		asked->packet.oif = LAN;
	}
}

/* What the store chains make of the answer; the text is of the kind that the files have. */
static inline void take(const struct scenario *scenario, struct asked *asked, char *text,
			size_t size)
{
	struct connection *connection = asked->connection;
	uint32_t answer = asked->packet.answer;
	if (asked->is_queued && answer == NFQUEUE_DROP) {
		snprintf(text, size, "drop");
		return;
	}
	if (asked->is_queued && answer == NFSHAPER_ANSWER_REJECT) {
		snprintf(text, size, "reject");
		return;
	}
	/* The first verdict sets the mark, others of the same question lose. */
	bool is_stored = asked->is_queued && answer != NFSHAPER_ANSWER_PASS;
	bool is_first = asked->packet.asked == NFSHAPER_ASK_NEW && connection->is_confirmed;
	if (is_stored && !is_first)
		connection->id = answer & ~NFSHAPER_ASK_BITS;
	connection->is_confirmed = true;
	const struct outcome *outcome = ids_by_id(&scenario->snapshot->plan->ids, connection->id);
	if (!is_stored && (asked->is_queued || !outcome)) {
		snprintf(text, size, asked->is_queued ? "pass" : "unasked");
		return;
	}
	if (!outcome)
		return stop_at(scenario, "an id is stored that nothing has");
	bool is_refused = !outcome_has_class(outcome);
	snprintf(text, size, "%s%s", is_refused ? "refused" : outcome->name,
		 outcome->kind == OUTCOME_QUEUED ? " counted" : "");
}

/* Takes `web counted x3 then` off the words; `ret_times` is 1 where nothing is said. */
static inline char **next_outcome(const struct scenario *scenario, char **words, char *text,
				  size_t size, unsigned *ret_times)
{
	if (!*words)
		stop_at(scenario, "an outcome is missing");
	snprintf(text, size, "%s", *words++);
	*ret_times = 0; /* all that are left */
	if (*words && strcmp(*words, "counted") == 0) {
		strncat(text, " counted", size - strlen(text) - 1);
		words++;
	}
	if (*words && (*words)[0] == 'x')
		*ret_times = number_of(scenario, *words++ + 1);
	if (*words && strcmp(*words, "then") == 0)
		return words + 1;
	if (*words)
		stop_at(scenario, "`then` was expected");
	return words;
}

static inline void answer(struct scenario *scenario, struct asked *asked, unsigned count)
{
	struct nfqueue_packet batch[TOGETHER_MAX];
	unsigned queued = 0;
	for (unsigned i = 0; i < count; i++)
		if (asked[i].is_queued)
			batch[queued++] = asked[i].packet;
	for (unsigned first = 0; first < queued; first += NFQUEUE_BATCH)
		judge_batch(scenario->judge, scenario->bench, &batch[first],
			    queued - first < NFQUEUE_BATCH ? queued - first : NFQUEUE_BATCH,
			    judge_now_ns);
	queued = 0;
	for (unsigned i = 0; i < count; i++)
		if (asked[i].is_queued)
			asked[i].packet = batch[queued++];
}

static inline void run_event(struct scenario *scenario, const struct event *event)
{
	static struct asked asked[TOGETHER_MAX];
	unsigned step = event->together ? event->times : 1, left = 0;
	char **words = event->outcomes, want[64] = "", got[64];
	if (step > TOGETHER_MAX)
		stop_at(scenario, "too many packets together");
	for (unsigned done = 0; done < event->times; done += step) {
		for (unsigned i = 0; i < step; i++) {
			ask(scenario, event, &asked[i]);
			asked[i].packet.data = asked[i].wire.bytes;
		}
		answer(scenario, asked, step);
		for (unsigned i = 0; i < step; i++) {
			if (left == 0 && (*words || !want[0])) {
				words = next_outcome(scenario, words, want, sizeof(want), &left);
				left = left ? left : event->times;
			}
			left--;
			take(scenario, &asked[i], got, sizeof(got));
			if (strcmp(got, want) != 0)
				fail_msg("%s:%u: packet %u of %u: %s", scenario->name,
					 scenario->line, done + i + 1, event->times, got);
		}
	}
	if (*words)
		stop_at(scenario, "fewer packets than outcomes");
}

#endif
