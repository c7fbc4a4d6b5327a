/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owners that are looked up step by step, by random rules: from wherever it begins, filling the
 * level that is asked for ends with the rule that everything known at once would give; and nothing
 * is asked for but what the first rule in doubt needs next.
 */
#include "random_world.h"

#define ROUNDS 700
#define PACKETS 200
#define GUESSES 40 /* owners that might be, for one question */

struct tally {
	unsigned packets;
	unsigned asked[OWNER_PROCESS + 1]; /* by level */
	unsigned steps[OWNER_PROCESS + 1]; /* packets that took so many */
	unsigned doubted;                  /* what is open decides, with any attributes open */
	unsigned questions;                /* … whose answers were guessed */
	unsigned idle;                     /* of these, all guesses made no difference */
};

static struct truth plain_truth(const struct world *world, const struct facts *facts, size_t rule,
				uint64_t open)
{
	const struct condition *condition = ruleset_condition(world->ruleset, rule);
	struct evaluation evaluation = evaluation_of(facts);
	evaluation.open = open;
	return condition ? condition_truth(condition, &evaluation) : (struct truth){.holds = true};
}

/* One rule after the other: the first that holds or is in doubt. */
static int plain_match(const struct world *world, const struct facts *facts, size_t from,
		       uint64_t open, uint64_t *ret_open)
{
	*ret_open = 0;
	for (size_t i = from; i < world->config.n_rules; i++) {
		struct truth truth = plain_truth(world, facts, i, open);
		*ret_open = truth.open;
		if (truth.open || truth.holds)
			return (int)i;
	}
	return -1;
}

/* The open attributes of a packet whose owner is looked up so far. */
static uint64_t open_of(const struct facts *facts)
{
	uint64_t open = attributes_above(owner_level_of(facts));
	return facts->has_uid ? open & ~(UINT64_C(1) << ATTR_UID) : open;
}

/* Whether owners that might be theirs lead to different rules: what is asked for matters. */
static void guess(const struct world *world, const struct facts *facts, size_t from,
		  struct tally *tally)
{
	int first = 0;
	bool differs = false;
	for (unsigned i = 0; i < GUESSES && !differs; i++) {
		struct facts guessed = *facts;
		struct owner owner = random_owner(&world->pool), known;
		if (facts->owner) {
			known = *facts->owner;
			if (known.level >= OWNER_USER) {
				owner.has_uid = known.has_uid;
				owner.uid = known.uid;
				owner.has_gid = known.has_gid;
				owner.gid = known.gid;
				owner.user = known.user;
				owner.group = known.group;
			}
			if (known.level >= OWNER_SOCKET) {
				owner.cgroup = known.cgroup;
				owner.unit = known.unit;
			}
		}
		if (facts->has_uid) {
			owner.has_uid = true;
			owner.uid = facts->uid;
		}
		guessed.owner = &owner;
		int rule = ruleset_match_plain(world->ruleset, &guessed, from);
		first = i == 0 ? rule : first;
		differs = rule != first;
	}
	tally->questions++;
	tally->idle += !differs;
}

/* Fills what is asked for, until the answer stands. */
static int settle(const struct world *world, struct facts *facts, const struct owner *all,
		  struct owner *owner, size_t from, struct tally *tally)
{
	enum owner_level wants;
	unsigned steps = 0;
	for (;; steps++) {
		uint64_t open, open_now = open_of(facts);
		int expected = plain_match(world, facts, from, open_now, &open);
		int rule = ruleset_match_asking(world->ruleset, facts, from, &wants);
		assert_int_equal(rule, expected);
		assert_int_equal(wants, attributes_lowest_level(open));
		if (!wants)
			break;
		assert_true(wants > owner_level_of(facts));
		assert_true(wants <= ruleset_owner_level(world->ruleset));
		if (one_in(8))
			guess(world, facts, from, tally);
		tally->asked[wants]++;
		*owner = owner_at(all, wants);
		facts->owner = owner;
	}
	assert_true(steps <= OWNER_PROCESS);
	tally->steps[steps]++;
	return ruleset_match_from(world->ruleset, facts, from);
}

static void check_steps(const struct world *world, struct tally *tally)
{
	struct packet packet;
	struct owner all, owner;
	struct facts facts = random_facts(&world->pool, &packet, &all);
	size_t from = one_in(2) ? 0 : random_below((unsigned)world->config.n_rules + 1);
	bool is_local = facts.direction != DIRECTION_FORWARD;
	facts.untold = 0;
	facts.owner = is_local ? &all : NULL; /* forwarded packets have none */
	facts.has_uid &= is_local;
	int expected = ruleset_match_plain(world->ruleset, &facts, from);
	owner = owner_at(&all, (enum owner_level)random_below(OWNER_PROCESS + 1));
	facts.owner = is_local && owner.level > OWNER_NOTHING ? &owner : NULL;
	unsigned before = tally->steps[0];
	int rule = settle(world, &facts, &all, &owner, from, tally);
	if (rule != expected)
		fail_msg("%zu rules: step by step it is %d, at once %d", world->config.n_rules,
			 rule, expected);
	if (!is_local)
		assert_int_equal(tally->steps[0], before + 1);
	tally->packets++;
}

/* Any attributes may be open, not only those of owners. */
static void check_open(const struct world *world, struct tally *tally)
{
	struct packet packet;
	struct owner owner;
	struct facts facts = random_facts(&world->pool, &packet, &owner);
	uint64_t plain_open, got_open;
	facts.open = random_bits() & random_bits();
	int expected = plain_match(world, &facts, 0, facts.open | open_of(&facts), &plain_open);
	int got = ruleset_match_open(world->ruleset, &facts, 0, &got_open);
	assert_int_equal(got, expected);
	assert_true(got_open == plain_open);
	if (!got_open)
		assert_int_equal(got, ruleset_match_plain(world->ruleset, &facts, 0));
	tally->doubted += got_open != 0;
}

static void test_step_by_step(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 5, 8, 20, 60};
	struct tally tally = {0};
	(void)state;
	start_random("step by step");
	for (unsigned round = 0; round < fewer(ROUNDS); round++) {
		struct world world;
		world_init(&world, PICK(sizes), one_in(4) ? SHAPE_RARE : SHAPE_ANY);
		for (unsigned i = 0; i < PACKETS; i++) {
			check_steps(&world, &tally);
			check_open(&world, &tally);
		}
		world_fini(&world);
	}
	printf("%u packets: %u asked for the user, %u for the socket, %u for the process; %u took "
	       "no step, %u one, %u two, %u three\n",
	       tally.packets, tally.asked[OWNER_USER], tally.asked[OWNER_SOCKET],
	       tally.asked[OWNER_PROCESS], tally.steps[0], tally.steps[1], tally.steps[2],
	       tally.steps[3]);
	printf("%u of %u questions made no difference; %u packets in doubt by any attributes\n",
	       tally.idle, tally.questions, tally.doubted);
	/* The comparison is worth something only where all of it happens. */
	for (unsigned level = OWNER_USER; level <= OWNER_PROCESS; level++) {
		assert_true(tally.asked[level] > tally.packets / 100);
		assert_true(tally.steps[level] > tally.packets / 10000);
	}
	assert_true(tally.doubted > tally.packets / 10);
	/* Few guesses miss much, and tautologies are asked for, too. */
	assert_true(tally.idle < tally.questions / 2);
}

/* Vectors of many chunks, and candidates in all groups. */
static void test_large_sets(void **state)
{
	static const size_t sizes[] = {700, 2000, 6000};
	struct tally tally = {0};
	(void)state;
	start_random("large sets");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct world world;
		world_init(&world, sizes[i], SHAPE_RARE);
		for (unsigned k = 0; k < PACKETS; k++) {
			check_steps(&world, &tally);
			check_open(&world, &tally);
		}
		world_fini(&world);
	}
	assert_true(tally.doubted > 0);
}

/* Rules that do not ask for owners have none looked up. */
static void test_nothing_is_asked(void **state)
{
	struct tally tally = {0};
	(void)state;
	start_random("no owners");
	random_attributes = ATTR_USER;
	for (unsigned round = 0; round < 50; round++) {
		struct world world;
		world_init(&world, 20, SHAPE_ANY);
		assert_int_equal(ruleset_owner_level(world.ruleset), OWNER_NOTHING);
		for (unsigned i = 0; i < PACKETS; i++)
			check_steps(&world, &tally);
		world_fini(&world);
	}
	random_attributes = ATTR_CLASS;
	assert_int_equal(tally.steps[0], tally.packets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_by_step),
		cmocka_unit_test(test_large_sets),
		cmocka_unit_test(test_nothing_is_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
