/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way of a connection where rules ask for its owner, or sessions are by user. */
#include "path_fixture.h"

/* What path_find() wants while the owner is known up to a level. */
static enum owner_level wants(struct world *world, enum owner_level level, uint32_t uid)
{
	struct owner owner = {.level = level, .has_uid = level > OWNER_NOTHING, .uid = uid};
	world->facts.owner = &owner;
	path_find(world->snapshot, &world->facts, &world->path);
	world->facts.owner = NULL;
	return world->path.wants;
}

/* Sessions by user need the user, where the throttle is on the way and the packet tells none. */
static void sessions_by_user(void **state)
{
	static const char text[] =
		HEAD "throttles: {t: {limit: 1/60, session: user}, u: " PACKETS "}\n"
		     "rules: [{if: dport == 81, throttle: t}, {if: dport == 80, throttle: u},\n"
		     "  {if: dport == 80, throttle: t}, {if: dport == 80, class: web}]\n";
	struct world world;
	(void)state;
	begin(&world, text, 79);
	assert_int_equal(snapshot_owner_level(world.snapshot), OWNER_USER);
	assert_int_equal(world.path.wants, OWNER_NOTHING);
	world.packet.dport = 80;
	assert_int_equal(wants(&world, OWNER_NOTHING, 0), OWNER_USER);
	assert_int_equal(wants(&world, OWNER_USER, 7), OWNER_NOTHING);
	assert_int_equal(world.path.count, 2);
	assert_int_equal(world.path.rule, 3);
	world.facts.has_uid = true;
	assert_int_equal(wants(&world, OWNER_NOTHING, 0), OWNER_NOTHING);
	world.facts.has_uid = false;
	world.facts.direction = DIRECTION_FORWARD;
	path_find(world.snapshot, &world.facts, &world.path);
	assert_int_equal(world.path.wants, OWNER_NOTHING);
	end(&world);
}

static void each_user_has_a_session(void **state)
{
	static const char text[] = HEAD "throttles: {t: {limit: 1/60, session: user}}\n"
					"rules: [{if: dport == 80, throttle: t}]\n";
	struct owner fred = {.level = OWNER_USER, .has_uid = true, .uid = 7};
	struct owner joe = {.level = OWNER_PROCESS, .has_uid = true, .uid = 8};
	struct owner nobody = {.level = OWNER_USER};
	const struct owner *const owners[] = {&fred, &joe, &nobody};
	struct world world;
	(void)state;
	begin(&world, text, 80);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT(owners); i++) {
			world.facts.owner = owners[i];
			path_find(world.snapshot, &world.facts, &world.path);
			assert_int_equal(world.path.wants, OWNER_NOTHING);
			if (round == 0)
				expect_stored(&world, OUTCOME_QUEUED, "default", -1);
			else
				expect_refused(&world, DECISION_DROP, 0);
		}
	}
	/* What the kernel tells with the packet is the same user. */
	world.facts.owner = NULL;
	world.facts.has_uid = true;
	world.facts.uid = fred.uid;
	expect_refused(&world, DECISION_DROP, 0);
	world.facts.uid = 9;
	expect_stored(&world, OUTCOME_QUEUED, "default", -1);
	end(&world);
}

/* A rule that only has a throttle is in doubt, too; what is cheap and ahead is not. */
static void rules_on_owners(void **state)
{
	static const char text[] =
		HEAD "throttles: {t: " PACKETS "}\n"
		     "rules: [{if: dport == 81, class: slow}, {if: uid == 7, throttle: t},\n"
		     "  {if: dport == 80, class: web}, {if: cmd, class: slow}]\n";
	struct world world;
	(void)state;
	begin(&world, text, 81);
	assert_int_equal(snapshot_owner_level(world.snapshot), OWNER_PROCESS);
	assert_int_equal(world.path.wants, OWNER_NOTHING);
	world.packet.dport = 80;
	assert_int_equal(wants(&world, OWNER_NOTHING, 0), OWNER_USER);
	assert_int_equal(wants(&world, OWNER_USER, 7), OWNER_NOTHING);
	assert_int_equal(world.path.count, 1);
	assert_int_equal(wants(&world, OWNER_USER, 8), OWNER_NOTHING);
	assert_int_equal(world.path.count, 0);
	assert_int_equal(world.path.rule, 2);
	world.packet.dport = 79;
	assert_int_equal(wants(&world, OWNER_USER, 8), OWNER_PROCESS);
	assert_int_equal(wants(&world, OWNER_PROCESS, 8), OWNER_NOTHING);
	assert_int_equal(world.path.rule, -1);
	end(&world);
}

/* What cannot be looked up leaves no path, unless something ahead of it settles the connection. */
static void what_stays_open(void **state)
{
	static const char text[] = HEAD "rules: [{if: dport == 81, class: slow},\n"
					"  {if: iif == lan0 and uid == 7, class: web},\n"
					"  {if: length > 99, class: slow}]\n";
	struct world world;
	(void)state;
	begin(&world, text, 81);
	world.facts.open = UINT64_C(1) << ATTR_IIF | UINT64_C(1) << ATTR_LENGTH;
	assert_int_equal(wants(&world, OWNER_NOTHING, 0), OWNER_NOTHING);
	assert_false(world.path.is_open);
	assert_int_equal(world.path.rule, 0);
	world.packet.dport = 80;
	/* Both are open, and the owner can be looked up. */
	assert_int_equal(wants(&world, OWNER_NOTHING, 0), OWNER_USER);
	assert_true(world.path.is_open);
	assert_int_equal(wants(&world, OWNER_USER, 7), OWNER_NOTHING);
	assert_true(world.path.is_open);
	assert_int_equal(world.path.rule, -1);
	/* Another user's: the interface does not matter, the length does. */
	assert_int_equal(wants(&world, OWNER_USER, 8), OWNER_NOTHING);
	assert_true(world.path.is_open);
	world.facts.open = UINT64_C(1) << ATTR_IIF;
	assert_int_equal(wants(&world, OWNER_USER, 8), OWNER_NOTHING);
	assert_false(world.path.is_open);
	assert_int_equal(world.path.rule, 2);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_by_user),
		cmocka_unit_test(each_user_has_a_session),
		cmocka_unit_test(rules_on_owners),
		cmocka_unit_test(what_stays_open),
	};
	return cmocka_run_group_tests_name("path owners", tests, NULL, NULL);
}
