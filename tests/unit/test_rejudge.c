/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Living connections judged again: what is known of them, what is open, what throttles leave. */
#include "fixture.h"

#include <netinet/in.h>
#include <string.h>

#include "engine/rejudge.h"

#define HEAD                                                                                       \
	"version: 1\n"                                                                             \
	"interfaces: {wan0: {out: 10mbit}}\n"                                                      \
	"classes: {web: {out: 1mbit}, slow: {out: 32kbit}, other: {out: 1mbit}}\n"

static struct snapshot *snapshot;
static uint32_t steps[16];
static bool is_open;
static enum owner_level wants;
static const struct owner *owner;

static void load(const char *text)
{
	snapshot_free(snapshot);
	snapshot = fixture_snapshot(text, &(struct ids){0});
}

static int unload(void **state)
{
	(void)state;
	snapshot_free(snapshot);
	snapshot = NULL;
	return 0;
}

static uint32_t id_of(enum outcome_kind kind, const char *name)
{
	const struct outcome *outcome = ids_find(&snapshot->plan->ids, kind, name);
	assert_non_null(outcome);
	return outcome->id;
}

static uint32_t class_id(const char *name)
{
	return id_of(OUTCOME_CLASS, name);
}

/* A TCP connection from src to that port of dst, which has the id now. */
static uint32_t judge(const char *src, const char *dst, uint16_t dport, enum direction direction,
		      uint32_t id)
{
	struct packet packet = {
		.proto = IPPROTO_TCP, .has_ports = true, .sport = 40000, .dport = dport};
	assert_int_equal(addr_parse(src, &packet.src), 0);
	assert_int_equal(addr_parse(dst, &packet.dst), 0);
	struct facts facts = rejudge_facts(snapshot, &packet, direction);
	facts.now = (struct local_time){true, true, 12 * 60, 3};
	facts.owner = owner;
	struct judgement judgement = rejudge(snapshot, &facts, id, steps);
	is_open = judgement.is_open;
	wants = judgement.wants;
	return judgement.id;
}

static uint32_t forwarded(uint16_t dport, uint32_t id)
{
	return judge("192.0.2.1", "198.51.100.1", dport, DIRECTION_FORWARD, id);
}

static void assert_open(uint32_t id)
{
	assert_int_equal(id, 0);
	assert_true(is_open);
}

static void assert_id(uint32_t id, uint32_t expected)
{
	assert_int_equal(id, expected);
	assert_false(is_open);
}

static void test_known(void **state)
{
	(void)state;
	load(HEAD "rules:\n"
		  "  - {name: a, if: dport == 80 and proto == tcp, class: web}\n"
		  "  - {name: b, if: time in 11:00-13:00 and dport == 81, class: slow}\n"
		  "  - {name: c, if: dport == 23, action: reject}\n"
		  "  - {name: d, if: dir == forward and dport == 82, class: other}\n");
	assert_id(forwarded(80, 0), class_id("web"));
	assert_id(forwarded(80, class_id("slow")), class_id("web"));
	assert_id(forwarded(81, 0), class_id("slow"));
	assert_id(forwarded(23, class_id("web")), id_of(OUTCOME_REJECT, "reject"));
	assert_id(forwarded(82, 0), class_id("other"));
	assert_id(forwarded(7, class_id("web")), class_id("default"));
}

static void test_open(void **state)
{
	(void)state;
	load(HEAD "rules:\n"
		  "  - {name: a, if: iif == lan0 and dport == 80, class: web}\n"
		  "  - {name: b, if: not dscp == 10 and dport == 81, class: slow}\n"
		  "  - {name: c, if: length > 100 or dport == 82, class: other}\n");
	assert_open(forwarded(80, class_id("web")));
	assert_open(forwarded(81, class_id("web")));
	/* Whatever the length is. */
	load(HEAD "rules:\n"
		  "  - {name: a, if: iif == lan0 and dport == 80, class: web}\n"
		  "  - {name: c, if: length > 100 or dport == 82, class: other}\n");
	assert_id(forwarded(82, 0), class_id("other"));
	assert_open(forwarded(83, 0));
}

/* What this host sends came in by no interface, what it receives leaves by none. */
static void test_interfaces(void **state)
{
	(void)state;
	load(HEAD "rules:\n"
		  "  - {name: a, if: iif == lan0, class: web}\n"
		  "  - {name: b, if: oif == lan0, class: slow}\n"
		  "management: []\n");
	assert_open(judge("192.0.2.1", "198.51.100.1", 80, DIRECTION_OUT, 0));
	load(HEAD "rules: [{name: a, if: iif == lan0, class: web}]\n");
	assert_id(judge("192.0.2.1", "198.51.100.1", 80, DIRECTION_OUT, 0), class_id("default"));
	load(HEAD "rules: [{name: b, if: oif == lan0, class: slow}]\n");
	assert_id(judge("192.0.2.1", "198.51.100.1", 80, DIRECTION_IN, 0), class_id("default"));
	assert_open(forwarded(80, 0));
}

/* Which end is local is decided by interfaces where `local:` does not tell. */
static void test_ends(void **state)
{
	static const char rules[] = HEAD "rules: [{name: a, if: rport == 80, class: web}]\n"
					 "local: [192.0.2.0/24]\n";
	(void)state;
	load(rules);
	assert_id(forwarded(80, 0), class_id("web"));
	assert_open(judge("203.0.113.1", "198.51.100.1", 80, DIRECTION_FORWARD, 0));
	assert_open(judge("192.0.2.1", "192.0.2.2", 80, DIRECTION_FORWARD, 0));
	assert_id(judge("203.0.113.1", "198.51.100.1", 80, DIRECTION_OUT, 0), class_id("web"));
	assert_id(judge("203.0.113.1", "198.51.100.1", 80, DIRECTION_IN, 0), class_id("default"));
}

static void test_exempt(void **state)
{
	(void)state;
	load(HEAD "rules: [{name: a, if: proto == tcp, action: reject}]\n");
	assert_id(judge("203.0.113.1", "198.51.100.1", 22, DIRECTION_IN, class_id("web")), 0);
	assert_id(forwarded(22, 0), id_of(OUTCOME_REJECT, "reject"));
}

static void test_owner(void **state)
{
	(void)state;
	load(HEAD "rules: [{name: a, if: uid == 7 and dport == 80, class: web}]\n");
	assert_open(judge("203.0.113.1", "198.51.100.1", 80, DIRECTION_OUT, class_id("web")));
	assert_int_equal(wants, OWNER_USER);
	owner = &(struct owner){.level = OWNER_USER, .has_uid = true, .uid = 7};
	assert_id(judge("203.0.113.1", "198.51.100.1", 80, DIRECTION_OUT, 0), class_id("web"));
	owner = NULL;
	assert_id(judge("203.0.113.1", "198.51.100.1", 81, DIRECTION_OUT, 0), class_id("default"));
	assert_id(forwarded(80, 0), class_id("default"));
}

#define THROTTLED(count)                                                                           \
	HEAD "throttles: {few: {limit: 1/60, session: none, count: " count "}}\n"                  \
	     "rules:\n"                                                                            \
	     "  - {name: a, if: dport == 80, throttle: few, over: class slow}\n"                   \
	     "  - {name: b, if: dport == 80, class: web}\n"

/* Nobody is charged, and who was over stays over. */
static void test_throttles(void **state)
{
	(void)state;
	load(THROTTLED("connections"));
	assert_id(forwarded(80, 0), class_id("web"));
	assert_id(forwarded(80, class_id("other")), class_id("web"));
	assert_id(forwarded(80, class_id("slow")), class_id("slow"));
	load(THROTTLED("packets"));
	assert_id(forwarded(80, 0), id_of(OUTCOME_QUEUED, "web"));
	assert_id(forwarded(80, class_id("web")), id_of(OUTCOME_QUEUED, "web"));
	assert_id(forwarded(80, id_of(OUTCOME_QUEUED, "slow")), id_of(OUTCOME_QUEUED, "slow"));
	/* In that class, but not queued: it came there by another way. */
	assert_id(forwarded(80, class_id("slow")), id_of(OUTCOME_QUEUED, "web"));
	assert_id(forwarded(81, class_id("slow")), class_id("default"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),      cmocka_unit_test(test_open),
		cmocka_unit_test(test_interfaces), cmocka_unit_test(test_ends),
		cmocka_unit_test(test_exempt),     cmocka_unit_test(test_owner),
		cmocka_unit_test(test_throttles),
	};
	return cmocka_run_group_tests(tests, NULL, unload);
}
