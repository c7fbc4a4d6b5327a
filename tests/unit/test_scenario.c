/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs tests/scenario/NAME.txt: packets and times against one throttle, each line one fact about
 * what throttles mean. The source folder is argv[1], or $srcdir, or the present one.
 *
 *   throttle limit N/S | rate BYTES burst BYTES  [session FIELD,FIELD… | none] [mask 0x…]
 *            [count connections] [max N] [expire SECONDS]
 *       first line; with the same session again later: the limits change, sessions stay
 *   at SECONDS PROTO SOURCE > DESTINATION [local] [cc CC] [type N code N] [length BYTES]
 *            [segments N] [xTIMES] pass | over | pass N then over
 *       TIMES packets (1) at that time: all pass, all are over, or the first N pass, no other;
 *       `local`: the source is the local end, else the destination is
 *   at SECONDS tidy N
 *       the control thread forgets expired sessions: N of them
 *   at SECONDS sessions | evicted N
 */
#include "throttle_fixture.h"

#include <errno.h>

#include "scenario_files.h"
#include "throttle/throttle.h"

#define WORDS_MAX 32

struct scenario {
	const char *name;
	unsigned line;
	char *words[WORDS_MAX + 1];
	struct throttle *throttle;
};

static void stop_at(const struct scenario *scenario, const char *what)
{
	fail_msg("%s:%u: %s", scenario->name, scenario->line, what);
}

static uint64_t number_of(const struct scenario *scenario, const char *text)
{
	char *end;
	errno = 0;
	uint64_t number = text ? strtoull(text, &end, 0) : 0;
	if (!text || end == text || *end || errno)
		stop_at(scenario, "a number was expected");
	return number;
}

/* Seconds with up to nine digits behind the point, exactly. */
static uint64_t time_of(const struct scenario *scenario, const char *text)
{
	char digits[10] = "000000000";
	char *point = NULL;
	uint64_t seconds = text ? strtoull(text, &point, 10) : 0;
	if (!text || point == text || (*point && *point != '.'))
		stop_at(scenario, "a time in seconds was expected");
	for (size_t i = 0; *point && point[1 + i] && i < 9; i++)
		digits[i] = point[1 + i];
	return seconds * SECOND + strtoull(digits, NULL, 10);
}

static void limit_of(const struct scenario *scenario, char *text, struct throttle_spec *spec)
{
	char *slash = text ? strchr(text, '/') : NULL;
	if (!slash)
		return stop_at(scenario, "N/S was expected");
	*slash = '\0';
	spec->kind = THROTTLE_WINDOW;
	spec->window.packets = (uint32_t)number_of(scenario, text);
	spec->window.span_ns = time_of(scenario, slash + 1);
}

static uint32_t fields_of(const struct scenario *scenario, char *text)
{
	uint32_t fields = 0;
	char *rest = NULL;
	if (!text || strcmp(text, "none") == 0)
		return SESSION_NONE;
	for (char *name = strtok_r(text, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		enum session_field field;
		if (session_field_find(name, &field) < 0)
			stop_at(scenario, "there is no such session field");
		fields |= SESSION_BIT(field);
	}
	return fields;
}

static void read_option(const struct scenario *scenario, char **words, struct throttle_spec *spec)
{
	const char *key = words[0];
	if (strcmp(key, "limit") == 0) {
		limit_of(scenario, words[1], spec);
	} else if (strcmp(key, "rate") == 0) {
		spec->kind = THROTTLE_BUCKET;
		spec->bucket.rate_bytes_per_s = number_of(scenario, words[1]);
	} else if (strcmp(key, "burst") == 0) {
		spec->bucket.burst_bytes = number_of(scenario, words[1]);
	} else if (strcmp(key, "session") == 0) {
		spec->session.fields = fields_of(scenario, words[1]);
	} else if (strcmp(key, "mask") == 0) {
		spec->session.mask = (uint32_t)number_of(scenario, words[1]);
	} else if (strcmp(key, "count") == 0 && words[1] && strcmp(words[1], "connections") == 0) {
		spec->count = THROTTLE_CONNECTIONS;
	} else if (strcmp(key, "max") == 0) {
		spec->max = (uint32_t)number_of(scenario, words[1]);
	} else if (strcmp(key, "expire") == 0) {
		spec->expire_ns = time_of(scenario, words[1]);
	} else {
		stop_at(scenario, "there is no such option of a throttle");
	}
}

static void run_throttle(struct scenario *scenario)
{
	struct throttle_spec spec = {
		.session = {SESSION_DEFAULT, 0},
		.max = THROTTLE_MAX_DEFAULT,
		.expire_ns = THROTTLE_EXPIRE_DEFAULT_NS,
	};
	for (char **words = scenario->words + 1; *words; words += words[1] ? 2 : 1)
		read_option(scenario, words, &spec);
	int error = scenario->throttle ? throttle_change(scenario->throttle, &spec)
				       : throttle_new("scenario", 1, &spec, &scenario->throttle);
	if (error)
		stop_at(scenario, "the throttle is refused");
}

struct charge {
	struct flow flow;
	char cc[3];
	uint32_t segments;
	unsigned times;
	unsigned passing; /* of the times */
	bool has_outcome;
};

static void set_icmp(struct packet *packet, uint8_t type, uint8_t code)
{
	packet->has_icmp = true;
	packet->has_payload_word = true;
	packet->icmp_type = type;
	packet->icmp_code = code;
	packet->payload_word = (uint32_t)type << 24 | (uint32_t)code << 16 | 0xbeef;
}

/* Reads one option or outcome; returns how many words it took. */
static int read_detail(const struct scenario *scenario, char **words, struct charge *charge)
{
	struct packet *packet = &charge->flow.packet;
	const char *key = words[0];
	if (strcmp(key, "local") == 0) {
		charge->flow.facts.source_is_local = true;
		return 1;
	}
	if (strcmp(key, "over") == 0 || strcmp(key, "pass") == 0) {
		charge->has_outcome = true;
		charge->passing = key[0] == 'p' ? charge->times : 0;
		if (!words[1])
			return 1;
		charge->passing = (unsigned)number_of(scenario, words[1]);
		if (!words[2] || !words[3] || strcmp(words[2], "then") || strcmp(words[3], "over"))
			stop_at(scenario, "`pass N then over` was expected");
		return 4;
	}
	if (key[0] == 'x') {
		charge->times = (unsigned)number_of(scenario, key + 1);
		return 1;
	}
	if (strcmp(key, "cc") == 0 && words[1] && strlen(words[1]) == 2) {
		charge->flow.facts.cc = strcpy(charge->cc, words[1]);
	} else if (strcmp(key, "length") == 0) {
		packet->length = (uint32_t)number_of(scenario, words[1]);
	} else if (strcmp(key, "segments") == 0) {
		charge->segments = (uint32_t)number_of(scenario, words[1]);
	} else if (strcmp(key, "type") == 0) {
		set_icmp(packet, (uint8_t)number_of(scenario, words[1]), packet->icmp_code);
	} else if (strcmp(key, "code") == 0) {
		set_icmp(packet, packet->icmp_type, (uint8_t)number_of(scenario, words[1]));
	} else {
		stop_at(scenario, "there is no such detail of a packet");
	}
	return 2;
}

static void run_packets(const struct scenario *scenario, uint64_t now_ns, char **words)
{
	struct charge charge = {.segments = 1, .times = 1};
	uint8_t proto = 0;
	if (!words[1] || !words[2] || strcmp(words[2], ">") != 0 || !words[3] ||
	    proto_parse(words[0], &proto) < 0)
		stop_at(scenario, "`PROTO SOURCE > DESTINATION` was expected");
	flow_init(&charge.flow, proto, words[1], words[3]);
	for (words += 4; *words;)
		words += read_detail(scenario, words, &charge);
	if (!charge.has_outcome)
		stop_at(scenario, "the outcome is missing");
	for (unsigned i = 0; i < charge.times; i++) {
		bool passes = throttle_charge(scenario->throttle, &charge.flow.facts,
					      charge.segments, charge.flow.packet.length, now_ns);
		if (passes != (i < charge.passing))
			fail_msg("%s:%u: packet %u of %u %s", scenario->name, scenario->line, i + 1,
				 charge.times, passes ? "passes" : "is over");
	}
}

static void run_at(const struct scenario *scenario)
{
	char *const *words = scenario->words;
	struct throttle_figures figures;
	uint64_t now_ns = time_of(scenario, words[1]), number;
	if (!scenario->throttle || !words[1] || !words[2])
		return stop_at(scenario,
			       "`throttle` comes first, and `at` needs a time and a fact");
	throttle_figures(scenario->throttle, &figures);
	if (strcmp(words[2], "sessions") == 0)
		number = figures.sessions;
	else if (strcmp(words[2], "evicted") == 0)
		number = figures.evicted;
	else if (strcmp(words[2], "tidy") == 0)
		number = throttle_tidy(scenario->throttle, now_ns, UINT32_MAX);
	else
		return run_packets(scenario, now_ns, (char **)words + 2);
	if (number != number_of(scenario, words[3]))
		fail_msg("%s:%u: it is %llu", scenario->name, scenario->line,
			 (unsigned long long)number);
}

static void run_line(struct scenario *scenario, char *line)
{
	char *rest = NULL;
	size_t count = 0;
	line[strcspn(line, "#\n")] = '\0';
	for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		if (count == WORDS_MAX)
			stop_at(scenario, "too many words");
		scenario->words[count++] = word;
	}
	scenario->words[count] = NULL;
	if (!count)
		return;
	if (strcmp(scenario->words[0], "throttle") == 0)
		run_throttle(scenario);
	else if (strcmp(scenario->words[0], "at") == 0)
		run_at(scenario);
	else
		stop_at(scenario, "a line begins with `throttle` or `at`");
}

static void run_file(void **state)
{
	struct scenario scenario = {.name = *state};
	char line[1024];
	FILE *file = fopen(scenario.name, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		scenario.line++;
		run_line(&scenario, line);
	}
	fclose(file);
	assert_non_null(scenario.throttle);
	throttle_free(scenario.throttle);
}

int main(int argc, char **argv)
{
	return run_scenarios(argc, argv, "tests/scenario", "scenarios", run_file);
}
