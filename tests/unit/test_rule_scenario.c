/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs tests/scenario/rules/NAME.txt: a configuration and the packets of connections that are
 * judged by it, beside a small model of what the kernel does (conntrack, the table). The source
 * folder is argv[1], or $srcdir, or the present one.
 *
 *   The text up to a line `packets` is a rules.yaml. A line `reload`, and another text up to
 *   `packets`: it is read anew.
 *
 *   alive PROTO SOURCE > DESTINATION
 *       a connection that was there before the daemon: without a decision
 *   at SECONDS in|out|forward PROTO SOURCE > DESTINATION [xTIMES] [together] [length BYTES]
 *            [user UID] [call TAG] : OUTCOME [xTIMES] [then OUTCOME [xTIMES]] …
 *       PROTO is tcp or udp with ports, `*` being a new one for each packet, or icmp with
 *       type and code in place of ports. The interfaces are lan0, and wan0 towards the outside.
 *       `together`: all are asked for before the first is answered. `call`: the packet's mark
 *       calls that throttle.
 *
 *   OUTCOME is CLASS            in that class, and nothing more is asked of the connection
 *              CLASS counted    in that class, and its packets stay queued
 *              drop, reject     this packet alone; nothing is stored
 *              refused          the connection, by an `action`
 *              pass             this packet; nothing is stored
 *              unasked          a reply of a connection without a decision
 */
#include "judge_fixture.h"

#include <errno.h>

#include "rule_scenario.h"
#include "scenario_files.h"

/* One option in front of the colon; returns how many words it took. */
static int read_option(const struct scenario *scenario, char **words, struct event *event)
{
	if (strcmp(words[0], "together") == 0) {
		event->together = true;
		return 1;
	}
	if (words[0][0] == 'x') {
		event->times = number_of(scenario, words[0] + 1);
		return 1;
	}
	if (strcmp(words[0], "length") == 0)
		event->length = number_of(scenario, words[1]);
	else if (strcmp(words[0], "user") == 0)
		event->uid = number_of(scenario, words[1]);
	else if (strcmp(words[0], "call") == 0)
		event->call = words[1];
	else
		stop_at(scenario, "there is no such option");
	return 2;
}

static enum direction direction_of(const struct scenario *scenario, const char *text)
{
	for (unsigned i = 0; i < DIRECTION_COUNT; i++)
		if (strcmp(text, direction_text((enum direction)i)) == 0)
			return (enum direction)i;
	stop_at(scenario, "in, out or forward was expected");
	return DIRECTION_OUT;
}

static void run_at(struct scenario *scenario)
{
	char **words = scenario->words;
	struct event event = {.times = 1, .length = 100, .uid = NFQUEUE_NO_UID};
	for (size_t i = 0; i < 7; i++)
		if (!words[i])
			return stop_at(scenario,
				       "`at TIME DIRECTION PROTO FROM > TO` was expected");
	judge_now_ns = 1000 * SECOND + (uint64_t)(strtod(words[1], NULL) * 1e6 + 0.5) * 1000;
	event.direction = direction_of(scenario, words[2]);
	if (proto_parse(words[3], &event.proto) || strcmp(words[5], ">") != 0)
		stop_at(scenario, "`PROTO FROM > TO` was expected");
	event.from = words[4];
	event.to = words[6];
	for (words += 7; *words && strcmp(*words, ":") != 0;)
		words += read_option(scenario, words, &event);
	if (!*words)
		stop_at(scenario, "the outcome is missing");
	event.outcomes = words + 1;
	run_event(scenario, &event);
}

static void run_alive(struct scenario *scenario)
{
	char **words = scenario->words;
	uint8_t proto;
	if (!words[1] || proto_parse(words[1], &proto) || !words[2] || !words[3] || !words[4])
		stop_at(scenario, "`alive PROTO FROM > TO` was expected");
	else
		add_connection(scenario, proto, words[2], words[4])->is_confirmed = true;
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
	if (strcmp(scenario->words[0], "reload") == 0)
		scenario_load(scenario);
	else if (strcmp(scenario->words[0], "alive") == 0)
		run_alive(scenario);
	else if (strcmp(scenario->words[0], "at") == 0)
		run_at(scenario);
	else
		stop_at(scenario, "a line begins with `at`, `alive` or `reload`");
}

static void scenario_run(struct scenario *scenario)
{
	char line[1024];
	scenario->judge = judge_new(NULL, 0);
	scenario_load(scenario);
	while (fgets(line, sizeof(line), scenario->file)) {
		scenario->line++;
		run_line(scenario, line);
	}
	bench_free(scenario->bench, NULL);
	snapshot_free(scenario->snapshot);
	judge_free(scenario->judge);
}

static void run_file(void **state)
{
	struct scenario scenario = {.name = *state};
	scenario.file = fopen(scenario.name, "r");
	assert_non_null(scenario.file);
	scenario_run(&scenario);
	fclose(scenario.file);
}

int main(int argc, char **argv)
{
	return run_scenarios(argc, argv, "tests/scenario/rules", "rule scenarios", run_file);
}
