/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The classifier against the plain evaluation of one rule after the other: random rule sets and
 * random packets have to get the same answer. More than a million pairs; the seed is printed,
 * NFSHAPER_TEST_SEED repeats a run.
 */
#include "random_world.h"

#define ROUNDS 1040
#define PACKETS 1000

struct tally {
	unsigned pairs;
	unsigned none;
	unsigned first;
	unsigned later;
};

static void fail_pair(const struct world *world, int got, int expected)
{
	int rule = expected < 0 || (got >= 0 && got < expected) ? got : expected;
	fail_msg("%zu rules: the classifier says %d, the plain evaluation %d; rule %d is: %s",
		 world->config.n_rules, got, expected, rule,
		 world->config.rules[rule].condition.text ? world->config.rules[rule].condition.text
							  : "always true");
}

static void compare(const struct world *world, size_t n_packets, struct tally *tally)
{
	for (size_t i = 0; i < n_packets; i++) {
		struct packet packet;
		struct owner owner;
		struct facts facts = random_facts(&world->pool, &packet, &owner);
		/* Behind a rule that only has a throttle the search goes on. */
		size_t from = one_in(2) ? 0 : random_below((unsigned)world->config.n_rules + 1);
		int expected = ruleset_match_plain(world->ruleset, &facts, from);
		int got = ruleset_match_from(world->ruleset, &facts, from);
		if (got != expected)
			fail_pair(world, got, expected);
		tally->pairs++;
		tally->none += got < 0;
		tally->first += got == 0;
		tally->later += got > 0;
	}
}

static void print_tally(const struct tally *tally)
{
	printf("%u pairs: %u without a match, %u by the first rule, %u by a later one\n",
	       tally->pairs, tally->none, tally->first, tally->later);
}

static void test_small_sets(void **state)
{
	static const size_t sizes[] = {1, 1, 2, 3, 5, 8, 20};
	struct tally tally = {0};
	(void)state;
	start_random("small sets");
	for (unsigned round = 0; round < fewer(ROUNDS); round++) {
		struct world world;
		world_init(&world, PICK(sizes), one_in(4) ? SHAPE_RARE : SHAPE_ANY);
		compare(&world, PACKETS, &tally);
		world_fini(&world);
	}
	print_tally(&tally);
	assert_true(tally.pairs >= fewer(1000000));
	/* The comparison is worth something only where all three happen often. */
	assert_true(tally.none > tally.pairs / 10);
	assert_true(tally.first > tally.pairs / 10);
	assert_true(tally.later > tally.pairs / 10);
}

/* Vectors of many chunks and rows. */
static void test_large_sets(void **state)
{
	static const size_t sizes[] = {700, 2000, 9000};
	struct tally tally = {0};
	(void)state;
	start_random("large sets");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct world world;
		world_init(&world, sizes[i], SHAPE_RARE);
		compare(&world, PACKETS * 4, &tally);
		world_fini(&world);
	}
	print_tally(&tally);
	assert_true(tally.later > tally.pairs / 100);
}

/* Together too many conjunctions: the later rules have to do with fewer. */
static void test_exploding_sets(void **state)
{
	struct tally tally = {0};
	struct world world;
	(void)state;
	start_random("exploding sets");
	world_init(&world, 4000, SHAPE_PRODUCT);
	compare(&world, PACKETS, &tally);
	world_fini(&world);
	print_tally(&tally);
	assert_true(tally.later > 0);
}

static const enum attribute may_be_open[] = {ATTR_IIF, ATTR_OIF, ATTR_DSCP, ATTR_LENGTH, ATTR_MARK};

/* Other values of what is open, or none. */
static struct facts complete(const struct pool *pool, const struct facts *facts,
			     struct packet *packet)
{
	struct packet other_packet;
	struct owner nobody;
	struct facts other = random_facts(pool, &other_packet, &nobody), completed = *facts;
	*packet = *facts->packet;
	completed.packet = packet;
	completed.open = 0;
	for (size_t i = 0; i < COUNT(may_be_open); i++)
		if (facts->open >> may_be_open[i] & 1 && one_in(4))
			completed.untold |= (uint64_t)1 << may_be_open[i];
	if (facts->open >> ATTR_IIF & 1)
		completed.iif = other.iif;
	if (facts->open >> ATTR_OIF & 1)
		completed.oif = other.oif;
	if (facts->open >> ATTR_DSCP & 1)
		packet->dscp = other_packet.dscp;
	if (facts->open >> ATTR_LENGTH & 1)
		packet->length = other_packet.length;
	if (facts->open >> ATTR_MARK & 1)
		completed.mark = other.mark;
	return completed;
}

/* An answer that is not open holds whatever is open may be. */
static void compare_open(const struct world *world, struct tally *tally, unsigned *n_open)
{
	struct packet packet, completed_packet;
	struct owner owner;
	struct facts facts = random_facts(&world->pool, &packet, &owner);
	uint64_t is_open;
	facts.untold = 0;
	for (size_t i = 0; i < COUNT(may_be_open); i++)
		facts.open |= (uint64_t)!one_in(3) << may_be_open[i];
	size_t from = one_in(2) ? 0 : random_below((unsigned)world->config.n_rules + 1);
	int got = ruleset_match_open(world->ruleset, &facts, from, &is_open);
	for (unsigned i = 0; !is_open && i < 8; i++) {
		struct facts completed = complete(&world->pool, &facts, &completed_packet);
		int expected = ruleset_match_plain(world->ruleset, &completed, from);
		if (got != expected)
			fail_pair(world, got, expected);
	}
	tally->pairs++;
	tally->none += !is_open && got < 0;
	tally->later += !is_open && got >= 0;
	*n_open += is_open != 0;
}

static void test_open(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 5, 8, 20, 200};
	struct tally tally = {0};
	unsigned n_open = 0;
	(void)state;
	start_random("open");
	for (unsigned round = 0; round < fewer(ROUNDS); round++) {
		struct world world;
		world_init(&world, PICK(sizes), one_in(4) ? SHAPE_RARE : SHAPE_ANY);
		for (unsigned i = 0; i < 200; i++)
			compare_open(&world, &tally, &n_open);
		world_fini(&world);
	}
	print_tally(&tally);
	printf("%u are open\n", n_open);
	assert_true(n_open > tally.pairs / 20);
	assert_true(tally.none > tally.pairs / 20);
	assert_true(tally.later > tally.pairs / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_sets),
		cmocka_unit_test(test_large_sets),
		cmocka_unit_test(test_exploding_sets),
		cmocka_unit_test(test_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
