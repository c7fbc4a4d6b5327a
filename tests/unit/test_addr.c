/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net/addr and net/proto. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/addr.h"
#include "net/proto.h"

static struct addr addr(const char *text)
{
	struct addr result;
	assert_int_equal(addr_parse(text, &result), 0);
	return result;
}

static struct prefix prefix(const char *text)
{
	struct prefix result;
	assert_int_equal(prefix_parse(text, &result), 0);
	return result;
}

static void test_addr_text(void **state)
{
	static const char *const texts[] = {"0.0.0.0", "192.0.2.1", "255.255.255.255",
					    "::",      "::1",       "2001:db8::1"};
	static const char *const wrong[] = {"",           "1.2.3", "1.2.3.4.5",  "256.0.0.1", "::g",
					    "fe80::1%lo", "[::1]", "1.2.3.4/32", " 1.2.3.4",  "1"};
	char buffer[ADDR_TEXT_MAX];
	struct addr result;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		result = addr(texts[i]);
		assert_string_equal(addr_text(&result, buffer), texts[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(addr_parse(wrong[i], &result), -EINVAL);
}

static void test_addr_bytes(void **state)
{
	struct addr v4 = addr("192.0.2.1"), v6 = addr("2001:db8::1");
	struct addr copy = addr_from_bytes(AF_INET, (const uint8_t[]){192, 0, 2, 1});
	(void)state;
	assert_int_equal(addr_size(&v4), 4);
	assert_int_equal(addr_size(&v6), 16);
	assert_int_equal(addr_size(&(struct addr){0}), 0);
	assert_memory_equal(&copy, &v4, sizeof(v4));
	copy = addr_from_bytes(AF_INET6, v6.bytes);
	assert_true(addr_equal(&copy, &v6));
}

static void test_prefix_text(void **state)
{
	struct prefix result = prefix("192.168.1.0/24");
	char buffer[ADDR_PORT_TEXT_MAX];
	(void)state;
	assert_int_equal(result.length, 24);
	assert_string_equal(prefix_text(&result, buffer), "192.168.1.0/24");
	result = prefix("10.1.2.3");
	assert_int_equal(result.length, 32);
	result = prefix("2001:db8::/33");
	assert_string_equal(prefix_text(&result, buffer), "2001:db8::/33");
	result = prefix("::/0");
	assert_int_equal(result.length, 0);
}

static void test_prefix_wrong(void **state)
{
	static const char *const texts[] = {"",       "/8",          "10.0.0.0/",    "10.0.0.0/x",
					    "10.0/8", "10.0.0.0/-1", "10.0.0.0/0x8", "10.0.0.0/8 "};
	struct prefix result = {.length = 99};
	char buffer[ADDR_PORT_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(prefix_parse(texts[i], &result), -EINVAL);
	assert_int_equal(prefix_parse("10.0.0.0/33", &result), -ERANGE);
	assert_int_equal(prefix_parse("::/129", &result), -ERANGE);
	assert_int_equal(result.length, 99);
	assert_int_equal(prefix_parse("192.168.1.130/25", &result), -EDOM);
	assert_string_equal(prefix_text(&result, buffer), "192.168.1.128/25");
	assert_int_equal(prefix_parse("2001:db8::ff/121", &result), -EDOM);
	assert_string_equal(prefix_text(&result, buffer), "2001:db8::80/121");
	assert_int_equal(prefix_parse("1.0.0.0/0", &result), -EDOM);
	assert_string_equal(prefix_text(&result, buffer), "0.0.0.0/0");
}

static bool contains(const char *prefix_of, const char *address)
{
	struct prefix outer = prefix(prefix_of);
	struct addr inner = addr(address);
	return prefix_contains(&outer, &inner);
}

static void test_contains(void **state)
{
	(void)state;
	assert_true(contains("192.168.1.0/24", "192.168.1.255"));
	assert_false(contains("192.168.1.0/24", "192.168.2.0"));
	assert_true(contains("192.168.1.128/25", "192.168.1.128"));
	assert_false(contains("192.168.1.128/25", "192.168.1.127"));
	assert_true(contains("0.0.0.0/0", "255.1.2.3"));
	assert_false(contains("0.0.0.0/0", "::1"));
	assert_false(contains("::/0", "1.2.3.4"));
	assert_true(contains("10.1.2.3", "10.1.2.3"));
	assert_false(contains("10.1.2.3", "10.1.2.2"));
	assert_true(contains("2001:db8:8000::/33", "2001:db8:ffff::1"));
	assert_false(contains("2001:db8:8000::/33", "2001:db8:7fff::1"));
	assert_true(contains("2001:db8::1/128", "2001:db8::1"));
}

static void test_port(void **state)
{
	struct addr result, v4 = addr("192.0.2.1"), v6 = addr("2001:db8::1");
	char buffer[ADDR_PORT_TEXT_MAX];
	uint16_t port = 7;
	bool has_port = true;
	(void)state;
	assert_int_equal(addr_port_parse("192.0.2.1", &result, &has_port, &port), 0);
	assert_true(addr_equal(&result, &v4) && !has_port && port == 7);
	assert_int_equal(addr_port_parse("2001:db8::1", &result, &has_port, &port), 0);
	assert_true(addr_equal(&result, &v6) && !has_port && port == 7);
	assert_int_equal(addr_port_parse("192.0.2.1:65535", &result, &has_port, &port), 0);
	assert_true(addr_equal(&result, &v4) && has_port && port == 65535);
	assert_int_equal(addr_port_parse("[2001:db8::1]:80", &result, &has_port, &port), 0);
	assert_true(addr_equal(&result, &v6) && has_port && port == 80);
	assert_string_equal(addr_port_text(&v4, 80, buffer), "192.0.2.1:80");
	assert_string_equal(addr_port_text(&v6, 65535, buffer), "[2001:db8::1]:65535");
}

static void test_port_wrong(void **state)
{
	static const char *const texts[] = {"",       "192.0.2.1:",  "192.0.2.1:65536", "[::1",
					    "[::1]x", "[1.2.3.4]:5", "[::1]:",          ":80",
					    "[]:80",  "192.0.2.1:a", "192.0.2.1:-1",    "[::1]80"};
	struct addr result;
	uint16_t port = 7;
	bool has_port;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(addr_port_parse(texts[i], &result, &has_port, &port), -EINVAL);
	assert_int_equal(port, 7);
}

static void test_order(void **state)
{
	struct addr low = addr("10.0.0.2"), high = addr("10.0.0.10"), v6 = addr("::");
	(void)state;
	assert_true(addr_compare(&low, &high) < 0);
	assert_true(addr_compare(&high, &low) > 0);
	assert_true(addr_compare(&high, &v6) < 0);
	assert_int_equal(addr_compare(&low, &low), 0);
	assert_false(addr_equal(&(struct addr){.family = AF_INET}, &v6));
}

static void assert_kind(const char *text, bool loopback, bool multicast, bool unspecified)
{
	struct addr address = addr(text);
	assert_int_equal(addr_is_loopback(&address), loopback);
	assert_int_equal(addr_is_multicast(&address), multicast);
	assert_int_equal(addr_is_unspecified(&address), unspecified);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_kind("127.0.0.1", true, false, false);
	assert_kind("127.255.0.1", true, false, false);
	assert_kind("128.0.0.1", false, false, false);
	assert_kind("224.0.0.1", false, true, false);
	assert_kind("239.255.255.255", false, true, false);
	assert_kind("240.0.0.1", false, false, false);
	assert_kind("0.0.0.0", false, false, true);
	assert_kind("::1", true, false, false);
	assert_kind("::", false, false, true);
	assert_kind("ff02::1", false, true, false);
	assert_kind("2001:db8::1", false, false, false);
}

static void test_proto(void **state)
{
	char buffer[PROTO_TEXT_MAX];
	uint8_t proto = 99;
	size_t count = 0;
	(void)state;
	assert_int_equal(proto_parse("tcp", &proto), 0);
	assert_int_equal(proto, IPPROTO_TCP);
	assert_int_equal(proto_parse("icmpv6", &proto), 0);
	assert_int_equal(proto, IPPROTO_ICMPV6);
	assert_int_equal(proto_parse("255", &proto), 0);
	assert_int_equal(proto, 255);
	assert_int_equal(proto_parse("256", &proto), -ERANGE);
	assert_int_equal(proto_parse("tpc", &proto), -EINVAL);
	assert_int_equal(proto, 255);
	assert_string_equal(proto_text(IPPROTO_SCTP, buffer), "sctp");
	assert_string_equal(proto_text(200, buffer), "200");
	assert_true(proto_has_ports(IPPROTO_UDP) && proto_has_ports(IPPROTO_SCTP));
	assert_false(proto_has_ports(IPPROTO_ICMP) || proto_has_ports(IPPROTO_GRE));
	const char *const *names = proto_names(&count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(proto_parse(names[i], &proto), 0);
		assert_string_equal(proto_text(proto, buffer), names[i]);
	}
	assert_true(count > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_text),   cmocka_unit_test(test_addr_bytes),
		cmocka_unit_test(test_prefix_text), cmocka_unit_test(test_prefix_wrong),
		cmocka_unit_test(test_contains),    cmocka_unit_test(test_port),
		cmocka_unit_test(test_port_wrong),  cmocka_unit_test(test_order),
		cmocka_unit_test(test_kinds),       cmocka_unit_test(test_proto),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
