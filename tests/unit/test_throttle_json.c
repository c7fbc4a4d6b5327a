/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Throttles as JSON: what the state file and requests may hold, and what answers do. */
#include "fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "daemon/throttle_json.h"
#include "throttle_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	if (!json)
		fail_msg("%s: %s", text, error.text);
	return json;
}

static struct throttle_spec limited(void)
{
	struct throttle_spec spec = throttle_spec_default();
	spec.window = (struct window_limit){5, 10 * SECOND};
	return spec;
}

static int read_spec(const char *text, struct throttle_spec *spec)
{
	json_t *json = parse(text);
	int error = throttle_spec_from_json(json, spec);
	json_decref(json);
	return error;
}

static void what_is_said_is_taken(void **state)
{
	struct throttle_spec spec = limited();
	(void)state;
	assert_int_equal(read_spec("{\"tag\": \"other members are not looked at\"}", &spec), 0);
	assert_int_equal(spec.window.packets, 5);
	assert_int_equal(
		read_spec("{\"packets\": 50, \"span_s\": 7200, \"mask\": 4294967295}", &spec), 0);
	assert_int_equal(spec.window.packets, 50);
	assert_int_equal(spec.window.span_ns, 7200 * SECOND);
	assert_int_equal(spec.expire_ns, 7200 * SECOND);
	assert_int_equal(spec.session.mask, UINT32_MAX);
	assert_int_equal(spec.session.fields, SESSION_DEFAULT);
	assert_int_equal(read_spec("{\"session\": [\"cc\", \"proto\"], \"max\": 1, \"buckets\": 2, "
				   "\"expire_s\": 7201}",
				   &spec),
			 0);
	assert_int_equal(spec.session.fields, SESSION_BIT(SESSION_CC) | SESSION_BIT(SESSION_PROTO));
	assert_int_equal(spec.max, 1);
	assert_int_equal(spec.buckets, 2);
	assert_int_equal(spec.expire_ns, 7201 * SECOND);
	assert_int_equal(
		read_spec("{\"rate_bps\": 8000, \"burst_bytes\": 1500, \"session\": []}", &spec),
		0);
	assert_int_equal(spec.kind, THROTTLE_BUCKET);
	assert_int_equal(spec.bucket.rate_bytes_per_s, 1000);
	assert_int_equal(spec.bucket.burst_bytes, 1500);
	assert_int_equal(spec.session.fields, SESSION_NONE);
}

static void what_cannot_be_is_refused(void **state)
{
	static const char *const wrong[] = {
		"[]",
		"{\"packets\": 5}",
		"{\"span_s\": 5}",
		"{\"packets\": 0, \"span_s\": 5}",
		"{\"packets\": 5, \"span_s\": 0}",
		"{\"packets\": -5, \"span_s\": 5}",
		"{\"packets\": 5.0, \"span_s\": 5}",
		"{\"packets\": \"5\", \"span_s\": 5}",
		"{\"packets\": 4294967296, \"span_s\": 5}",
		"{\"packets\": 5, \"span_s\": 9223372036854775807}",
		"{\"rate_bps\": 8000}",
		"{\"burst_bytes\": 8000}",
		"{\"rate_bps\": 7, \"burst_bytes\": 8000}",
		"{\"rate_bps\": 8000, \"burst_bytes\": 0}",
		"{\"rate_bps\": 8000, \"burst_bytes\": 18446744074}",
		"{\"packets\": 5, \"span_s\": 5, \"rate_bps\": 8000, \"burst_bytes\": 8000}",
		"{\"packets\": 5, \"span_s\": 5, \"expire_s\": 4}",
		"{\"expire_s\": 0}",
		"{\"expire_s\": 9}",
		"{\"expire_s\": null}",
		"{\"max\": 0}",
		"{\"max\": 268435456}",
		"{\"max\": \"many\"}",
		"{\"mask\": 4294967296}",
		"{\"mask\": -1}",
		"{\"buckets\": true}",
		"{\"session\": \"saddr\"}",
		"{\"session\": [\"sadr\"]}",
		"{\"session\": [1]}",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct throttle_spec spec = limited(), before = spec;
		json_t *json = parse(wrong[i]);
		if (throttle_spec_from_json(json, &spec) != -EBADMSG && json_is_object(json))
			fail_msg("%s is taken", wrong[i]);
		assert_memory_equal(&spec, &before, sizeof(spec));
		json_decref(json);
	}
}

/* The members with their values in one line, in the order of their names. */
static void expect_json(json_t *json, const char *want)
{
	char *got = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
	assert_string_equal(got, want);
	free(got);
	json_decref(json);
}

static struct throttle *made(const struct throttle_item *item)
{
	struct throttle *throttle = NULL;
	assert_int_equal(throttle_new(item->tag, item->serial, &item->spec, &throttle), 0);
	return throttle;
}

static void status_of_a_window(void **state)
{
	struct throttle_item item = {.tag = (char *)(uintptr_t) "dns", .serial = 3};
	struct flow flow;
	(void)state;
	item.spec = limited();
	item.spec.session = (struct session_layout){SESSION_BIT(SESSION_SADDR), 0xffff};
	struct throttle *throttle = made(&item);
	flow_init(&flow, IPPROTO_UDP, "192.0.2.1:4000", "192.0.2.2:53");
	for (int i = 0; i < 7; i++)
		throttle_charge(throttle, &flow.facts, 1, 100, SECOND);
	json_t *json = throttle_status_json(&item, throttle);
	assert_true(json_integer_value(json_object_get(json, "bytes")) > 0);
	json_object_del(json, "bytes");
	expect_json(json,
		    "{\"burst_bytes\":null,\"by_command\":false,\"count\":\"packets\","
		    "\"evicted\":0,\"expire\":3600,\"limit\":\"5/10\",\"mask\":\"0x0000ffff\","
		    "\"max\":1000000,\"over\":2,\"passed\":5,\"rate_bps\":null,\"serial\":3,"
		    "\"session\":[\"saddr\"],\"sessions\":1,\"tag\":\"dns\"}");
	throttle_free(throttle);
}

static void status_of_a_bucket(void **state)
{
	struct throttle_item item = {
		.tag = (char *)(uintptr_t) "g", .serial = 4, .by_command = true};
	(void)state;
	item.spec = throttle_spec_default();
	item.spec.kind = THROTTLE_BUCKET;
	item.spec.bucket = (struct bucket_limit){250000, 64000};
	item.spec.session.fields = SESSION_NONE;
	struct throttle *throttle = made(&item);
	json_t *json = throttle_status_json(&item, throttle);
	json_object_del(json, "bytes");
	expect_json(json, "{\"burst_bytes\":64000,\"by_command\":true,\"count\":\"packets\","
			  "\"evicted\":0,\"expire\":3600,\"limit\":null,\"mask\":\"0x00000000\","
			  "\"max\":1000000,\"over\":0,\"passed\":0,\"rate_bps\":2000000,"
			  "\"serial\":4,\"session\":[],\"sessions\":0,\"tag\":\"g\"}");
	throttle_free(throttle);
}

struct shown {
	const struct throttle_item *item;
	json_t *json;
};

static void show(const struct throttle_session *session, void *context)
{
	struct shown *shown = context;
	assert_null(shown->json);
	shown->json = throttle_session_json(shown->item, session);
}

static json_t *session_of(const struct throttle_item *item, const struct facts *facts,
			  unsigned packets, uint64_t shown_ns)
{
	struct throttle *throttle = made(item);
	struct shown shown = {item, NULL};
	uint32_t cursor = 0;
	for (unsigned i = 0; i < packets; i++)
		throttle_charge(throttle, facts, 1, 100, SECOND);
	while (throttle_export(throttle, &cursor, 64, shown_ns, show, &shown))
		;
	throttle_free(throttle);
	assert_non_null(shown.json);
	return shown.json;
}

static void sessions(void **state)
{
	struct throttle_item item = {.tag = (char *)(uintptr_t) "dns", .serial = 3};
	struct flow flow;
	(void)state;
	item.spec = limited();
	item.spec.session =
		(struct session_layout){SESSION_BIT(SESSION_SADDR) | SESSION_BIT(SESSION_DPORT) |
						SESSION_BIT(SESSION_PROTO) |
						SESSION_BIT(SESSION_USER) | SESSION_BIT(SESSION_CC),
					0xffff};
	flow_init(&flow, IPPROTO_UDP, "192.0.2.1:4000", "192.0.2.2:53");
	flow.facts.has_uid = true;
	flow.facts.uid = 1000;
	flow.facts.cc = "NZ";
	expect_json(session_of(&item, &flow.facts, 7, 3 * SECOND),
		    "{\"age\":2,\"count\":5,\"idle\":2.0,\"over\":2,\"passed\":5,\"serial\":3,"
		    "\"session\":{\"cc\":\"NZ\",\"data\":\"0x00000035\",\"dport\":53,"
		    "\"proto\":\"udp\",\"saddr\":\"192.0.2.1\",\"user\":1000},\"tag\":\"dns\","
		    "\"window_left\":8.0}");
	/* What is not known, and a window that is over. */
	flow.facts.has_uid = false;
	flow.facts.cc = NULL;
	flow.packet.has_ports = flow.packet.has_payload_word = false;
	flow.packet.proto = 132;
	expect_json(session_of(&item, &flow.facts, 1, 11 * SECOND),
		    "{\"age\":10,\"count\":0,\"idle\":10.0,\"over\":0,\"passed\":1,\"serial\":3,"
		    "\"session\":{\"cc\":null,\"data\":null,\"dport\":null,\"proto\":\"sctp\","
		    "\"saddr\":\"192.0.2.1\",\"user\":null},\"tag\":\"dns\",\"window_left\":0.0}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_taken),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(status_of_a_window),
		cmocka_unit_test(status_of_a_bucket),
		cmocka_unit_test(sessions),
	};
	return cmocka_run_group_tests_name("throttles as JSON", tests, NULL, NULL);
}
