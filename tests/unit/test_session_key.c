/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which packets are one session, and the hash under it. */
#include "throttle_fixture.h"

#include "throttle/session_key.h"
#include "throttle/siphash.h"

#define ALL_FIELDS (SESSION_BIT(SESSION_FIELD_COUNT) - 1)
#define BIT SESSION_BIT

static struct session_key key_of(const struct session_layout *layout, const struct flow *flow)
{
	struct session_key key;
	memset(&key, 0xa5, sizeof(key));
	session_key_make(layout, &flow->facts, &key);
	return key;
}

static bool same(const struct session_layout *layout, const struct flow *a, const struct flow *b)
{
	struct session_key x = key_of(layout, a), y = key_of(layout, b);
	return memcmp(x.bytes, y.bytes, session_key_size(layout)) == 0;
}

static void pair_init(struct flow *a, struct flow *b)
{
	flow_init(a, IPPROTO_UDP, "10.0.0.1:5", "10.0.0.2:53");
	flow_init(b, IPPROTO_UDP, "10.0.0.1:5", "10.0.0.2:53");
	a->facts.packet = &a->packet;
	b->facts.packet = &b->packet;
}

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(session_key_size(&(struct session_layout){SESSION_NONE, 0}), 1);
	assert_int_equal(session_key_size(&(struct session_layout){SESSION_DEFAULT, 0}), 33);
	for (uint32_t fields = 0; fields <= ALL_FIELDS; fields++) {
		size_t size = session_key_size(&(struct session_layout){fields, 0xffffffff});
		assert_in_range(size, 5, SESSION_KEY_MAX);
	}
	assert_int_equal(session_key_size(&(struct session_layout){ALL_FIELDS, 1}), 48);
}

static void test_default_is_both_addresses(void **state)
{
	(void)state;
	struct session_layout layout = {SESSION_DEFAULT, 0};
	struct flow a, b;
	pair_init(&a, &b);
	b.packet.sport = 6;
	b.packet.dport = 54;
	b.packet.proto = IPPROTO_TCP;
	assert_true(same(&layout, &a, &b));
	b.packet.dst.bytes[3] = 3;
	assert_false(same(&layout, &a, &b));
	flow_init(&b, IPPROTO_UDP, "10.0.0.2:5", "10.0.0.1:53");
	assert_false(same(&layout, &a, &b));
}

static void test_mask(void **state)
{
	(void)state;
	struct session_layout dport = {SESSION_NONE, 0x0000ffff},
			      sport = {SESSION_NONE, 0xffff0000};
	struct flow a, b;
	pair_init(&a, &b);
	b.packet.payload_word = 6u << 16 | 53;
	assert_true(same(&dport, &a, &b));
	assert_false(same(&sport, &a, &b));
	b.packet.payload_word = 5u << 16 | 54;
	assert_false(same(&dport, &a, &b));
	assert_true(same(&sport, &a, &b));
	/* None is not zero. */
	a.packet.payload_word = 0;
	b.packet.payload_word = 0;
	b.packet.has_payload_word = false;
	assert_false(same(&dport, &a, &b));
	uint32_t word = 1;
	struct session_key key = key_of(&dport, &a);
	assert_true(session_key_word(&dport, &key, &word));
	assert_int_equal(word, 0);
	key = key_of(&dport, &b);
	assert_false(session_key_word(&dport, &key, &word));
}

static void test_families(void **state)
{
	(void)state;
	struct session_layout addrs = {SESSION_DEFAULT, 0}, ports = {BIT(SESSION_DPORT), 0};
	struct session_layout none = {SESSION_NONE, 0};
	struct flow a, b;
	flow_init(&a, IPPROTO_UDP, "10.0.0.1:5", "10.0.0.2:53");
	flow_init(&b, IPPROTO_UDP, "[a00:1::]:5", "[a00:2::]:53");
	memcpy(b.packet.src.bytes, a.packet.src.bytes, 16);
	memcpy(b.packet.dst.bytes, a.packet.dst.bytes, 16);
	assert_false(same(&addrs, &a, &b));
	assert_true(same(&ports, &a, &b));
	assert_true(same(&none, &a, &b));
}

static void test_unknown_has_its_own_value(void **state)
{
	(void)state;
	struct session_layout port = {BIT(SESSION_SPORT), 0}, cc = {BIT(SESSION_CC), 0};
	struct flow a, b;
	pair_init(&a, &b);
	a.packet.sport = 0;
	b.packet.sport = 0;
	assert_true(same(&port, &a, &b));
	b.packet.has_ports = false;
	assert_false(same(&port, &a, &b));
	assert_true(same(&cc, &a, &b));
	b.facts.cc = "NZ";
	assert_false(same(&cc, &a, &b));
	a.facts.cc = "NZ";
	assert_true(same(&cc, &a, &b));
}

/* The value of a field as the tuple of the configuration has it, to compare keys against. */
static void field_text(const struct flow *flow, enum session_field field, char text[64])
{
	bool out = flow->facts.source_is_local;
	const struct packet *p = &flow->packet;
	bool is_source = field == SESSION_SADDR || field == SESSION_SPORT ||
			 ((field == SESSION_LADDR || field == SESSION_LPORT) && out) ||
			 ((field == SESSION_RADDR || field == SESSION_RPORT) && !out);
	if (field <= SESSION_RADDR)
		addr_text(is_source ? &p->src : &p->dst, text);
	else if (field <= SESSION_RPORT)
		snprintf(text, 64, "%u", is_source ? p->sport : p->dport);
	else
		snprintf(text, 64, "%u", field == SESSION_PROTO ? p->proto : 0);
}

static void random_flow(struct flow *flow, unsigned *seed)
{
	flow_init(flow, IPPROTO_UDP, "10.0.0.1:1", "10.0.0.1:1");
	flow->packet.src.bytes[3] = (uint8_t)(rand_r(seed) % 2);
	flow->packet.dst.bytes[3] = (uint8_t)(rand_r(seed) % 2);
	flow->packet.sport = (uint16_t)(rand_r(seed) % 2);
	flow->packet.dport = (uint16_t)(rand_r(seed) % 2);
	flow->packet.proto = (uint8_t)(rand_r(seed) % 2);
	flow->facts.source_is_local = rand_r(seed) % 2;
}

static bool same_tuple(uint32_t fields, const struct flow *a, const struct flow *b)
{
	for (unsigned i = 0; i < SESSION_USER; i++) {
		char x[64], y[64];
		field_text(a, (enum session_field)i, x);
		field_text(b, (enum session_field)i, y);
		if (fields >> i & 1 && strcmp(x, y) != 0)
			return false;
	}
	return true;
}

static void check_values(const struct session_layout *layout, const struct flow *flow)
{
	struct session_key key = key_of(layout, flow);
	for (unsigned i = 0; i < SESSION_USER; i++) {
		char expected[64], got[64];
		struct value value;
		session_key_get(layout, &key, (enum session_field)i, &value);
		if (!(layout->fields >> i & 1)) {
			assert_int_equal(value.type, VALUE_UNKNOWN);
			continue;
		}
		field_text(flow, (enum session_field)i, expected);
		if (value.type == VALUE_ADDRESS)
			addr_text(&value.addr, got);
		else
			snprintf(got, sizeof(got), "%u", (unsigned)value.number);
		assert_string_equal(got, expected);
	}
}

/* For every set of fields: keys are equal exactly where the tuples are, and give the tuple back. */
static void test_keys_are_tuples(void **state)
{
	(void)state;
	unsigned seed = 1;
	for (uint32_t fields = 0; fields < BIT(SESSION_USER); fields++) {
		struct session_layout layout = {fields, 0};
		for (int i = 0; i < 100; i++) {
			struct flow a, b;
			random_flow(&a, &seed);
			random_flow(&b, &seed);
			assert_int_equal(same(&layout, &a, &b), same_tuple(fields, &a, &b));
			check_values(&layout, &a);
		}
	}
}

/* A user is a number that is known or not; root is one, and nobody's is none. */
static void test_users(void **state)
{
	(void)state;
	static const struct session_layout layouts[] = {
		{BIT(SESSION_USER), 0},
		{BIT(SESSION_USER) | BIT(SESSION_CC) | BIT(SESSION_PROTO) | BIT(SESSION_SADDR),
		 0xff},
	};
	for (size_t i = 0; i < 2; i++) {
		const struct session_layout *layout = &layouts[i];
		struct flow unknown, root, fred;
		struct value value;
		flow_init(&unknown, IPPROTO_UDP, "10.0.0.1:5", "10.0.0.2:53");
		root = fred = unknown;
		unknown.facts.packet = &unknown.packet;
		root.facts.packet = &root.packet;
		fred.facts.packet = &fred.packet;
		root.facts.has_uid = fred.facts.has_uid = true;
		fred.facts.uid = 1000;
		unknown.facts.uid = 1000; /* not to be looked at */
		assert_true(same(layout, &fred, &fred));
		assert_false(same(layout, &fred, &root));
		assert_false(same(layout, &fred, &unknown));
		assert_false(same(layout, &root, &unknown));
		struct session_key key = key_of(layout, &fred);
		session_key_get(layout, &key, SESSION_USER, &value);
		assert_int_equal(value.type, VALUE_NUMBER);
		assert_int_equal(value.number, 1000);
		key = key_of(layout, &root);
		session_key_get(layout, &key, SESSION_USER, &value);
		assert_int_equal(value.type, VALUE_NUMBER);
		assert_int_equal(value.number, 0);
		key = key_of(layout, &unknown);
		session_key_get(layout, &key, SESSION_USER, &value);
		assert_int_equal(value.type, VALUE_UNKNOWN);
	}
}

static void test_names(void **state)
{
	(void)state;
	enum session_field field;
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++) {
		assert_int_equal(session_field_find(session_field_names[i], &field), 0);
		assert_int_equal(field, i);
	}
	assert_true(session_field_find("addr", &field) < 0);
}

/* The first vectors of the reference implementation: key 00 … 0f, message 00, 00 01, … */
static void test_siphash_vectors(void **state)
{
	(void)state;
	static const uint64_t expected[] = {
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
		0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
	};
	struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	uint8_t message[16];
	for (uint8_t i = 0; i < sizeof(message); i++)
		message[i] = i;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_true(siphash(&key, message, i) == expected[i]);
	/* The example of the paper's appendix A. */
	assert_true(siphash(&key, message, 15) == 0xa129ca6149be45e5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_default_is_both_addresses),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_unknown_has_its_own_value),
		cmocka_unit_test(test_keys_are_tuples),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_siphash_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
