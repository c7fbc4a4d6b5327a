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
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct world world;
		world_init(&world, PICK(sizes), one_in(4) ? SHAPE_RARE : SHAPE_ANY);
		compare(&world, PACKETS, &tally);
		world_fini(&world);
	}
	print_tally(&tally);
	assert_true(tally.pairs >= 1000000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_sets),
		cmocka_unit_test(test_large_sets),
		cmocka_unit_test(test_exploding_sets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
