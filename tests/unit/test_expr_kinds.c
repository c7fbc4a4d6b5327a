/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Expressions about ICMP types, marks and times, and what pyshaper.conf could say. */
#include "rules_fixture.h"

/* One kind of number for ICMP and ICMPv6: names mean both where both have them. */
static void test_icmp(void **state)
{
	static const struct expectation v4[] = {
		{"icmp-type == 8", true},
		{"icmp-type == echo-request", true},
		{"icmp-type == 'echo-request'", true},
		{"icmp-type == echo-reply", false},
		{"icmp-type in [echo-reply, echo-request]", true},
		{"icmp-type != echo-request", false},
		{"icmp-type != packet-too-big", true},
		{"icmp-type in 0-8", true},
		{"icmp-type in 9-255", false},
		{"icmp-type < 8", false},
		{"icmp-type <= 8", true},
		{"icmp-type > 8", false},
		{"icmp-type > 255", false},
		{"icmp-type < 0", false},
		{"icmp-type not in [0, 3, 11]", true},
		{"icmp-type", true},
	};
	static const struct expectation v6[] = {
		{"icmp-type == 128", true},
		{"icmp-type == echo-request", true},
		{"icmp-type == 8", false},
		{"icmp-type == echo-reply", false},
		{"icmp-type != echo-request", false},
		{"icmp-type in 100-130", true},
		{"icmp-type < 128", false},
		{"icmp-type >= 128", true},
	};
	static const struct expectation none[] = {
		{"icmp-type", false},
		{"icmp-type != 8", false},
		{"not icmp-type == 8", true},
	};
	struct sample sample;
	(void)state;
	sample_init(&sample, "10.0.0.1", "192.0.2.5", IPPROTO_ICMP);
	sample.packet.has_icmp = true;
	sample.packet.icmp_type = 8;
	assert_expectations(v4, COUNT(v4), &sample.facts);
	sample.packet.has_icmp = false;
	assert_expectations(none, COUNT(none), &sample.facts);
	sample_init(&sample, "2001:db8::1", "2001:db8::2", IPPROTO_ICMPV6);
	sample.packet.has_icmp = true;
	sample.packet.icmp_type = 128;
	assert_expectations(v6, COUNT(v6), &sample.facts);
}

static void test_mark(void **state)
{
	static const struct expectation cases[] = {
		{"mark == 0x10", true},
		{"mark == 16", true},
		{"mark in 0x0f-0x11", true},
		{"mark in [0x11, 0x20-0x2f]", false},
		{"mark >= 0x10 and mark < 0x11", true},
		{"mark <= 0xffffffff", true},
		{"mark > 0xffffffff", false},
		{"mark != 0", true},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.facts.mark = 0x10;
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

/* Both ends of a range belong to it, each a whole minute. */
static void test_time(void **state)
{
	static const struct {
		const char *text;
		const char *when; /* bits for 00:00 05:59 06:00 06:01 12:00 21:59 22:00 23:59 */
	} cases[] = {
		{"time in 22:00-06:00", "11100011"},
		{"time == 22:00-06:00", "11100011"},
		{"time not in 22:00-06:00", "00011100"},
		{"time != 22:00-06:00", "00011100"},
		{"time in 06:00-22:00", "00111110"},
		{"time in 6:00-9:00", "00110000"},
		{"time in [00:00-05:59, 12:00]", "11001000"},
		{"time in [21:00-21:59, 23:00-01:00]", "10000101"},
		{"time == 06:00", "00100000"},
		{"time >= 22:00", "00000011"},
		{"time > 22:00", "00000001"},
		{"time < 06:00", "11000000"},
		{"time <= 06:00", "11100000"},
		{"time < 00:00", "00000000"},
		{"time > 23:59", "00000000"},
		{"time in 00:00-23:59", "11111111"},
		{"time in 12:00-11:59", "11111111"},
		{"time in 23:59-00:00", "10000001"},
		{"22:00 <= time", "00000011"},
	};
	static const uint16_t minutes[] = {0, 359, 360, 361, 720, 1319, 1320, 1439};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_false(
		expression_holds("time or time >= 00:00 or weekday in mon-sun", &sample.facts));
	sample.facts.now.has_minute = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t j = 0; j < COUNT(minutes); j++) {
			sample.facts.now.minute = minutes[j];
			if (expression_holds(cases[i].text, &sample.facts) !=
			    (cases[i].when[j] == '1'))
				fail_msg("%s in minute %u", cases[i].text, minutes[j]);
		}
	}
}

static void test_weekday(void **state)
{
	static const struct {
		const char *text;
		const char *when; /* a bit for each day from Sunday */
	} cases[] = {
		{"weekday in [sat, sun]", "1000001"},
		{"weekday == sat", "0000001"},
		{"weekday == saturday", "0000001"},
		{"weekday != sunday", "0111111"},
		{"weekday in mon-fri", "0111110"},
		{"weekday in fri-mon", "1100011"},
		{"weekday in mon-sun", "1111111"},
		{"weekday in sun-sat", "1111111"},
		{"weekday in sat-sun", "1000001"},
		{"weekday not in mon-fri", "1000001"},
		{"weekday in [tue-wed, fri]", "0011010"},
		{"weekday == wed-wed", "0001000"},
		{"weekday", "1111111"},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	sample.facts.now.has_weekday = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (unsigned day = 0; day < 7; day++) {
			sample.facts.now.weekday = (uint8_t)day;
			if (expression_holds(cases[i].text, &sample.facts) !=
			    (cases[i].when[day] == '1'))
				fail_msg("%s on day %u", cases[i].text, day);
		}
	}
}

/*
 * What pyshaper.conf could say of attributes that there are now: Python's comparisons, its `and`,
 * `or`, `not` and parentheses, texts in quotes of both kinds, ports as numbers, membership in a
 * list or a tuple, and a text as a part of a text. (Its `args` comes with the owners.)
 */
static void test_pyshaper(void **state)
{
	static const struct expectation cases[] = {
		{"raddr == \"66.35.250.208\"", true},
		{"raddr=='66.35.250.208' and lport == 80", false},
		{"raddr=='66.35.250.208' and lport == 40000", true},
		{"country == 'New Zealand' and rport == 443", true},
		{"country=='France'", false},
		{"cc == 'NG' and lport == 25", false},
		{"rport == 6346 or lport == 6346 or rport==443", true},
		{"((cc == 'NZ') and (oif == 'wan0'))", true},
		{"cc in ['NZ', 'AU']", true},
		{"cc in ('NZ', 'AU')", true},
		{"cc in ('NZ',)", true},
		{"cc not in ('SK', 'AU')", true},
		{"rport in (80, 443) and not (rport in (25, 80))", true},
		{"rport == (443)", true},
		{"not cc == 'NZ'", false},
		{"cc != 'NZ' or not cc", false},
		{"rport >= 400 and rport <= 500", true},
		{"443 == rport and 'NZ' == cc", true},
		{"'Zea' in country", true},
		{"'zea' in country", false},
		{"'New Zealand' in country", true},
		{"'New Zealander' in country", false},
		{"'' in country", true},
		{"'*' in country or '[N]' in country or 'N?w' in country", false},
		{"'Fra' not in country", true},
		{"'Zea' not in country", false},
		{"not 'Zea' in country", false},
		{"'an' in oif and 'x' not in oif", true},
		{"'x' in iif or 'x' not in iif", false},
		{"not 'x' in iif", true},
		{"country == 'Nigeria'                                and rport == 443", false},
	};
	struct sample sample;
	(void)state;
	sample_out(&sample);
	assert_expectations(cases, COUNT(cases), &sample.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_icmp),     cmocka_unit_test(test_mark),
		cmocka_unit_test(test_time),     cmocka_unit_test(test_weekday),
		cmocka_unit_test(test_pyshaper),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
