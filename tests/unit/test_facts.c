/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a packet answers for each attribute, and the table of attributes. */
#include "rules_fixture.h"

#include "rules/attribute.h"
#include "rules/country.h"

static struct value get(const struct sample *sample, enum attribute attribute)
{
	struct value value;
	facts_get(&sample->facts, attribute, &value);
	return value;
}

static void assert_address(const struct sample *sample, enum attribute attribute, const char *text)
{
	char buffer[ADDR_TEXT_MAX];
	struct value value = get(sample, attribute);
	assert_int_equal(value.type, VALUE_ADDRESS);
	assert_string_equal(addr_text(&value.addr, buffer), text);
}

static void assert_number(const struct sample *sample, enum attribute attribute, uint64_t number)
{
	struct value value = get(sample, attribute);
	assert_int_equal(value.type, VALUE_NUMBER);
	assert_int_equal(value.number, number);
}

static void assert_text(const struct sample *sample, enum attribute attribute, const char *text)
{
	struct value value = get(sample, attribute);
	assert_int_equal(value.type, VALUE_TEXT);
	assert_int_equal(value.length, strlen(text));
	assert_memory_equal(value.text, text, value.length);
}

static void assert_unknown(const struct sample *sample, enum attribute attribute)
{
	assert_int_equal(get(sample, attribute).type, VALUE_UNKNOWN);
}

static void test_outgoing(void **state)
{
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_address(&sample, ATTR_LADDR, "192.168.1.20");
	assert_address(&sample, ATTR_RADDR, "66.35.250.208");
	assert_address(&sample, ATTR_SADDR, "192.168.1.20");
	assert_address(&sample, ATTR_DADDR, "66.35.250.208");
	assert_number(&sample, ATTR_LPORT, 40000);
	assert_number(&sample, ATTR_RPORT, 443);
	assert_number(&sample, ATTR_SPORT, 40000);
	assert_number(&sample, ATTR_DPORT, 443);
	assert_number(&sample, ATTR_PROTO, 6);
	assert_number(&sample, ATTR_DSCP, 46);
	assert_number(&sample, ATTR_LENGTH, 60);
	assert_text(&sample, ATTR_DIR, "out");
	assert_text(&sample, ATTR_OIF, "wan0");
	assert_unknown(&sample, ATTR_IIF);
}

static void test_incoming(void **state)
{
	struct sample sample;
	(void)state;
	sample_in(&sample);
	assert_address(&sample, ATTR_LADDR, "2001:db8:1::53");
	assert_address(&sample, ATTR_RADDR, "2001:db8:9::1");
	assert_address(&sample, ATTR_SADDR, "2001:db8:9::1");
	assert_address(&sample, ATTR_DADDR, "2001:db8:1::53");
	assert_number(&sample, ATTR_LPORT, 53);
	assert_number(&sample, ATTR_RPORT, 5353);
	assert_number(&sample, ATTR_SPORT, 5353);
	assert_number(&sample, ATTR_DPORT, 53);
	assert_text(&sample, ATTR_DIR, "in");
	assert_text(&sample, ATTR_IIF, "wan0");
	assert_unknown(&sample, ATTR_OIF);
}

static void test_no_ports(void **state)
{
	struct sample sample;
	(void)state;
	sample_gre(&sample);
	assert_unknown(&sample, ATTR_LPORT);
	assert_unknown(&sample, ATTR_RPORT);
	assert_unknown(&sample, ATTR_SPORT);
	assert_unknown(&sample, ATTR_DPORT);
	assert_number(&sample, ATTR_PROTO, 47);
	assert_text(&sample, ATTR_DIR, "forward");
}

static void test_country(void **state)
{
	struct sample sample;
	(void)state;
	sample_gre(&sample);
	assert_unknown(&sample, ATTR_CC);
	assert_unknown(&sample, ATTR_COUNTRY);
	sample.facts.cc = "SK";
	assert_text(&sample, ATTR_CC, "SK");
	assert_text(&sample, ATTR_COUNTRY, "Slovakia");
	assert_int_equal(get(&sample, ATTR_CC).number, country_pack("SK"));
	assert_int_equal(get(&sample, ATTR_COUNTRY).number, country_pack("SK"));
	sample.facts.cc = "QX";
	assert_text(&sample, ATTR_CC, "QX");
	assert_unknown(&sample, ATTR_COUNTRY);
	sample.facts.cc = "";
	assert_unknown(&sample, ATTR_CC);
}

static void test_continent(void **state)
{
	struct sample sample;
	(void)state;
	sample_gre(&sample);
	assert_unknown(&sample, ATTR_CONTINENT);
	sample.facts.cc = "NZ";
	assert_text(&sample, ATTR_CONTINENT, "OC");
	assert_int_equal(get(&sample, ATTR_CONTINENT).number, country_pack("OC"));
	sample.facts.cc = "QX";
	assert_unknown(&sample, ATTR_CONTINENT);
}

static void test_icmp(void **state)
{
	struct sample sample;
	(void)state;
	sample_init(&sample, "10.0.0.1", "192.0.2.5", IPPROTO_ICMP);
	assert_unknown(&sample, ATTR_ICMP_TYPE);
	sample.packet.has_icmp = true;
	assert_number(&sample, ATTR_ICMP_TYPE, 0);
	sample.packet.proto = IPPROTO_ICMPV6;
	sample.packet.icmp_type = 255;
	assert_number(&sample, ATTR_ICMP_TYPE, 511);
}

static void test_mark_and_time(void **state)
{
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_number(&sample, ATTR_MARK, 0);
	assert_unknown(&sample, ATTR_TIME);
	assert_unknown(&sample, ATTR_WEEKDAY);
	sample.facts.mark = 0xffffffff;
	sample.facts.now = (struct local_time){.has_minute = true, .minute = 1439};
	assert_number(&sample, ATTR_MARK, 0xffffffff);
	assert_number(&sample, ATTR_TIME, 1439);
	assert_unknown(&sample, ATTR_WEEKDAY);
	sample.facts.now = (struct local_time){.has_weekday = true, .weekday = 6};
	assert_unknown(&sample, ATTR_TIME);
	assert_number(&sample, ATTR_WEEKDAY, 6);
}

static void test_value_texts(void **state)
{
	static const struct {
		enum attribute attribute;
		uint64_t number;
		const char *text;
	} cases[] = {
		{ATTR_DPORT, 443, "443"},
		{ATTR_PROTO, 6, "tcp"},
		{ATTR_PROTO, 253, "253"},
		{ATTR_MARK, 0x1f, "0x1f"},
		{ATTR_TIME, 0, "00:00"},
		{ATTR_TIME, 1439, "23:59"},
		{ATTR_WEEKDAY, 0, "sun"},
		{ATTR_WEEKDAY, 6, "sat"},
		{ATTR_ICMP_TYPE, 8, "8 (echo-request)"},
		{ATTR_ICMP_TYPE, 256 + 128, "128 (echo-request)"},
		{ATTR_ICMP_TYPE, 256 + 200, "200"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct value value = {.type = VALUE_NUMBER, .number = cases[i].number};
		char *text = attribute_value_text(cases[i].attribute, &value);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static void test_attributes(void **state)
{
	enum attribute found;
	(void)state;
	for (unsigned i = 0; i < ATTR_COUNT; i++) {
		const struct attribute_info *info = attribute_info((enum attribute)i);
		assert_true(attribute_find(info->name, strlen(info->name), &found));
		assert_int_equal(found, i);
		assert_int_equal(attribute_is_listed((enum attribute)i),
				 i == ATTR_CLASS || i == ATTR_RULE);
	}
	assert_false(attribute_find("dports", 6, &found));
	assert_false(attribute_find("dpor", 4, &found));
	assert_true(attribute_find("dports", 5, &found));
	assert_string_equal(attribute_nearest("dporr"), "dport");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outgoing),    cmocka_unit_test(test_incoming),
		cmocka_unit_test(test_no_ports),    cmocka_unit_test(test_country),
		cmocka_unit_test(test_attributes),  cmocka_unit_test(test_continent),
		cmocka_unit_test(test_icmp),        cmocka_unit_test(test_mark_and_time),
		cmocka_unit_test(test_value_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
