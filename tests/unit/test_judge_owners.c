/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a judge wants to know of the owners of connections, and what it makes of that. */
#include "owners_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Nothing is looked up that no rule asks for, and no more than one that still can match needs. */
static void levels(void **state)
{
	struct court court =
		open_court(HEAD "rules:\n"
				"  - {if: dport == 22, class: web}\n"
				"  - {if: dport == 80 and uid == 1000, class: web}\n"
				"  - {if: dport == 81 and user == fred, class: slow}\n"
				"  - {if: dport == 81 and cmd == curl, class: web}\n"
				"  - {if: dport == 82 and unit == ssh.service, class: web}\n",
			   8);
	static const struct {
		const char *to, *class;
		enum owner_level level;
		unsigned found;
	} cases[] = {
		{"192.0.2.1:22", "web", OWNER_NOTHING, 0},
		{"192.0.2.1:80", "web", OWNER_NOTHING, 0}, /* the kernel has told */
		{"192.0.2.1:81", "slow", OWNER_USER, 1},
		{"192.0.2.1:82", "default", OWNER_SOCKET, 1},
		{"192.0.2.1:83", "default", OWNER_NOTHING, 0},
	};
	(void)state;
	world.is_later = false;
	for (size_t i = 0; i < COUNT(cases); i++) {
		world.found = 0;
		world.level = OWNER_NOTHING;
		assert_int_equal(ask(&court, IPPROTO_TCP, DIRECTION_OUT, CLIENT, cases[i].to,
				     NFSHAPER_ASK_NEW)
					 .answer,
				 class_answer(&court, cases[i].class));
		assert_int_equal(world.found, cases[i].found);
		assert_int_equal(world.level, cases[i].level);
	}
	/* Another user: the user does not decide, the process does. */
	world.found = 0;
	world.owner.user = "bob";
	assert_int_equal(ask(&court, IPPROTO_TCP, DIRECTION_OUT, "10.0.0.1:4001", "192.0.2.1:81",
			     NFSHAPER_ASK_NEW)
				 .answer,
			 class_answer(&court, "web"));
	assert_int_equal(world.found, 2);
	assert_int_equal(world.level, OWNER_PROCESS);
	assert_int_equal(world.asked, 0);
	close_court(&court);
}

/* Which end is asked for, and what the kernel knows of it. */
static void queries(void **state)
{
	struct court court = open_court(HEAD RULES, 8);
	(void)state;
	world.is_later = false;
	ask(&court, IPPROTO_UDP, DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_NEW);
	assert_int_equal(world.query.lport, 4000);
	assert_int_equal(world.query.rport, 80);
	assert_int_equal(world.query.ifindex, WAN);
	assert_true(world.query.has_uid && world.query.has_gid && world.query.is_queued);
	assert_false(world.query.is_incoming);
	ask(&court, IPPROTO_TCP, DIRECTION_IN, SERVER, CLIENT, NFSHAPER_ASK_NEW);
	assert_int_equal(world.query.lport, 4000);
	assert_int_equal(world.query.rport, 80);
	assert_int_equal(world.query.proto, IPPROTO_TCP);
	assert_true(world.query.is_incoming);
	assert_false(world.query.has_uid || world.query.has_gid || world.query.is_queued);
	world.found = 0;
	assert_int_equal(
		ask(&court, IPPROTO_TCP, DIRECTION_FORWARD, CLIENT, SERVER, NFSHAPER_ASK_NEW)
			.answer,
		class_answer(&court, "default"));
	assert_int_equal(world.found, 0);
	close_court(&court);
}

/* Whose first packet was late is a new connection to throttles all the same, once. */
static void late_is_charged(void **state)
{
	struct court court =
		open_court(HEAD "throttles: {t: {limit: 1/60, session: none, "
				"count: connections}}\n"
				"rules: [{if: cmd == curl, throttle: t, class: web}]\n",
			   8);
	(void)state;
	world.is_full = true;
	send_from(&court, CLIENT);
	send_from(&court, "10.0.0.1:4001");
	world.is_later = false;
	assert_int_equal(
		ask(&court, IPPROTO_TCP, DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_ALIVE).answer,
		class_answer(&court, "web"));
	assert_int_equal(
		ask(&court, IPPROTO_TCP, DIRECTION_OUT, "10.0.0.1:4001", SERVER, NFSHAPER_ASK_ALIVE)
			.answer,
		NFQUEUE_DROP);
	/* One that was there before is not. */
	assert_int_equal(
		ask(&court, IPPROTO_TCP, DIRECTION_OUT, "10.0.0.1:4002", SERVER, NFSHAPER_ASK_ALIVE)
			.answer,
		class_answer(&court, "web"));
	close_court(&court);
}

/*
 * Later packets are counted by rules on owners, and by sessions of users, in both directions, and
 * without another look-up: the socket may be closed by then.
 */
static void counted_packets(void **state)
{
	struct court court =
		open_court(HEAD "throttles: {t: {limit: 3/60, session: user}}\n"
				"rules: [{if: cmd == curl and (dport == 80 or dport == "
				"4000), throttle: t, class: web}]\n",
			   8);
	uint32_t web =
		NFSHAPER_PRIORITY | ids_find(&court.snapshot->plan->ids, OUTCOME_QUEUED, "web")->id;
	static const struct {
		enum direction direction;
		const char *from, *to;
		uint32_t asked;
	} later[] = {
		{DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_ORIGINAL},
		{DIRECTION_IN, SERVER, CLIENT, NFSHAPER_ASK_REPLY},
		{DIRECTION_OUT, CLIENT, SERVER, NFSHAPER_ASK_ORIGINAL},
	};
	(void)state;
	world.is_later = false;
	assert_int_equal(send_from(&court, CLIENT), web);
	world.found = 0;
	world.is_later = true;
	for (size_t i = 0; i < COUNT(later); i++)
		assert_int_equal(ask(&court, IPPROTO_TCP, later[i].direction, later[i].from,
				     later[i].to, later[i].asked)
					 .answer,
				 i < 2 ? web : NFQUEUE_DROP);
	assert_int_equal(world.found, 0);
	/* One whose way was forgotten: the socket of a reply is not one that the remote end opened.
	 */
	judge_forget(court.judge);
	assert_int_equal(
		ask(&court, IPPROTO_TCP, DIRECTION_IN, SERVER, CLIENT, NFSHAPER_ASK_REPLY).answer,
		NFQUEUE_WAIT);
	assert_false(world.query.is_incoming || world.query.is_queued);
	assert_int_equal(world.query.lport, 4000);
	answer(curl());
	assert_released(&court, (const uint32_t[][2]){{5, NFQUEUE_DROP}}, 1);
	/* Another port: the rule does not match, whoever it is. */
	world.found = 0;
	assert_int_equal(ask(&court, IPPROTO_TCP, DIRECTION_OUT, "10.0.0.1:4001", "192.0.2.1:81",
			     NFSHAPER_ASK_ORIGINAL)
				 .answer,
			 class_answer(&court, "default"));
	assert_int_equal(world.found, 0);
	close_court(&court);
}

/* Calls of a throttle that has sessions by user. */
static void calls(void **state)
{
	struct court court =
		open_court(HEAD "throttles: {t: {limit: 1/60, session: user, over: reject}}\n", 8);
	uint32_t call =
		NFSHAPER_ASK_CALL | ids_find(&court.snapshot->plan->ids, OUTCOME_CALL, "t")->id;
	(void)state;
	assert_int_equal(ask(&court, IPPROTO_UDP, DIRECTION_IN, SERVER, CLIENT, call).answer,
			 NFQUEUE_WAIT);
	assert_int_equal(world.level, OWNER_USER);
	answer(curl());
	assert_released(&court, (const uint32_t[][2]){{1, NFSHAPER_ANSWER_PASS}}, 1);
	/* What the user sends is told with the packet: the same session. */
	world.found = 0;
	assert_int_equal(ask(&court, IPPROTO_UDP, DIRECTION_OUT, CLIENT, SERVER, call).answer,
			 NFSHAPER_ANSWER_REJECT);
	assert_int_equal(world.found, 0);
	close_court(&court);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels),          cmocka_unit_test(queries),
		cmocka_unit_test(late_is_charged), cmocka_unit_test(counted_packets),
		cmocka_unit_test(calls),
	};
	return cmocka_run_group_tests_name("judge_owners", tests, NULL, NULL);
}
