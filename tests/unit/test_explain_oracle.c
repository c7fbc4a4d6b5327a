/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An explanation, held against what the packet path does: random rules with throttles whose
 * sessions are new. The seed is printed; NFSHAPER_TEST_SEED repeats a run.
 */
#include "fixture.h"

#include "random_packets.h"

#include <string.h>
#include <time.h>

#include "engine/explain.h"
#include "engine/path.h"
#include "nfshaper/mark.h"

#define ROUNDS 150
#define RULES 12
#define PACKETS 60

static const char head[] =
	"version: 1\n"
	"local: [192.0.2.0/24, 'fd00::/8']\n"
	"interfaces: {wan0: {out: 10mbit}}\n"
	"classes: {default: {out: 1mbit}, web: {out: 2mbit}, slow: {out: 32kbit}}\n"
	"throttles:\n"
	"  one: {limit: 1/60, session: none}\n"
	"  two: {limit: 2/60, session: none}\n"
	"  visits: {limit: 1/60, session: none, count: connections}\n"
	"  bytes: {rate: 1kbit, burst: 2000B, session: none}\n"
	"rules:\n";

/* What is seen of each kind; the comparison is worth something only where all come. */
struct seen {
	unsigned settled, over, went_on, twice, queued;
};

/* In double quotes, as YAML wants it, and without sets, which the file does not have. */
static void put_rule_condition(FILE *out, const struct pool *pool)
{
	char *text = NULL;
	size_t size;
	FILE *condition = open_memstream(&text, &size);
	put_condition(condition, pool, 2);
	fclose(condition);
	if (strchr(text, '@') || strstr(text, "cc") || strstr(text, "country") ||
	    strstr(text, "continent")) {
		fprintf(out, "proto == udp");
	} else {
		for (const char *byte = text; *byte; byte++) {
			if (*byte == '"' || *byte == '\\')
				fputc('\\', out);
			fputc(*byte, out);
		}
	}
	free(text);
}

static void put_rule(FILE *out, const struct pool *pool)
{
	static const char *const settles[] = {", class: web", ", class: slow", ""};
	static const char *const throttles[] = {"one", "two", "visits", "bytes"};
	static const char *const overs[] = {"", ", over: drop", ", over: reject",
					    ", over: class slow", ", over: class default"};
	static const char *const actions[] = {", action: accept", ", action: drop",
					      ", action: reject", ", class: web"};
	fputs("  - {if: \"", out);
	if (one_in(3))
		fputs("dport >= 0 or not dport >= 0", out);
	else
		put_rule_condition(out, pool);
	if (one_in(4))
		fprintf(out, "\"%s}\n", PICK(actions));
	else
		fprintf(out, "\", throttle: %s%s%s}\n", PICK(throttles), PICK(settles),
			PICK(overs));
}

static char *random_text(const struct pool *pool)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	fputs(head, out);
	for (int i = 0; i < RULES; i++)
		put_rule(out, pool);
	fclose(out);
	return text;
}

/* What the packet path decides about a new connection, by throttles that nobody has used. */
static struct decision decide(struct snapshot *snapshot, const struct facts *facts,
			      struct path *path)
{
	struct charge charge = {
		.facts = facts,
		.packets = 1,
		.bytes = facts->packet->length,
		.now_ns = 1000000000,
		.is_first = true,
		.is_new = true,
	};
	path_find(snapshot, facts, path);
	return path_charge(snapshot, path, &charge);
}

static void compare(const struct snapshot *snapshot, const struct decision *decision,
		    const struct explanation *explanation, const char *text)
{
	const char *rule = decision->rule < 0 ? NULL : snapshot->config->rules[decision->rule].name;
	uint32_t mark = decision->kind == DECISION_STORE
				? nfshaper_mark(snapshot->plan->mark_mask, decision->id)
				: 0;
	bool same_rule = rule ? explanation->rule && strcmp(rule, explanation->rule) == 0
			      : !explanation->rule;
	bool same_outcome =
		decision->kind == DECISION_STORE    ? explanation->outcome->id == decision->id
		: decision->kind == DECISION_DROP   ? explanation->outcome->kind == OUTCOME_DROP
		: decision->kind == DECISION_REJECT ? explanation->outcome->kind == OUTCOME_REJECT
						    : false;
	if (!same_rule || !same_outcome || explanation->mark != mark || explanation->disagrees)
		fail_msg("%s\n%s and %s, %s and 0x%08x", text, rule ? rule : "no rule",
			 explanation->rule ? explanation->rule : "no rule",
			 explanation->outcome->name, mark);
}

static void note(const struct snapshot *snapshot, const struct path *path,
		 const struct decision *decision, struct seen *seen)
{
	seen->over += decision->is_over;
	seen->settled += !decision->is_over && decision->rule >= 0;
	seen->went_on += path->count > 1;
	seen->queued += path_is_queued(snapshot, path);
	for (unsigned i = 1; i < path->count; i++)
		if (snapshot->rules[path->steps[i]].throttle ==
		    snapshot->rules[path->steps[i - 1]].throttle) {
			seen->twice++;
			break;
		}
}

static void check_round(struct seen *seen)
{
	struct pool pool = random_pool();
	char *text = random_text(&pool);
	struct snapshot_known none = {0};
	struct snapshot *snapshot = fixture_snapshot_known(text, &none);
	for (int i = 0; i < PACKETS; i++) {
		uint32_t steps[RULES];
		struct path path = {.steps = steps};
		struct packet packet;
		struct owner owner;
		struct explanation explanation;
		struct facts facts = random_facts(&pool, &packet, &owner);
		facts.geo = NULL;
		if (facts.direction != DIRECTION_FORWARD)
			facts.owner = &owner; /* all is looked up */
		assert_int_equal(snapshot_open(snapshot, NULL), 0);
		struct decision decision = decide(snapshot, &facts, &path);
		for (size_t k = 0; k < snapshot->list.count; k++)
			throttle_free(snapshot->throttles[k]);
		free(snapshot->throttles);
		snapshot->throttles = NULL;
		explain(snapshot, &facts, NULL, &explanation);
		if (!explanation.exemption) {
			compare(snapshot, &decision, &explanation, text);
			note(snapshot, &path, &decision, seen);
		}
		explanation_fini(&explanation);
	}
	snapshot_free(snapshot);
	free(text);
}

static void test_random(void **state)
{
	const char *given = getenv("NFSHAPER_TEST_SEED");
	struct seen seen = {0};
	(void)state;
	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("NFSHAPER_TEST_SEED=%llu\n", (unsigned long long)random_state);
	for (unsigned round = 0; round < ROUNDS; round++)
		check_round(&seen);
	printf("%u packets: %u settled, %u over, %u met several throttles (%u one twice), %u "
	       "queued\n",
	       ROUNDS * PACKETS, seen.settled, seen.over, seen.went_on, seen.twice, seen.queued);
	assert_true(seen.settled > ROUNDS && seen.over > ROUNDS && seen.went_on > ROUNDS &&
		    seen.twice > ROUNDS / 4 && seen.queued > ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
