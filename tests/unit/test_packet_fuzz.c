/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random and mutated bytes for the parser, from heap copies of their exact size. The seed is
 * printed; NFSHAPER_TEST_SEED repeats a run.
 */
#include "packet_bytes.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#define ROUNDS 200000

static uint64_t random_state;

static uint32_t random_u32(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33);
}

static void start_random(const char *name)
{
	const char *given = getenv("NFSHAPER_TEST_SEED");
	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("%s: NFSHAPER_TEST_SEED=%llu\n", name, (unsigned long long)random_state);
}

/* Whatever went in, what comes out is one of three answers and consistent. */
static void check_answer(int result, const struct packet *packet, size_t length)
{
	assert_true(result == 0 || result == -EBADMSG || result == -ENODATA);
	if (result)
		return;
	assert_true(packet->src.family == AF_INET || packet->src.family == AF_INET6);
	assert_int_equal(packet->src.family, packet->dst.family);
	assert_int_equal(packet->length, length);
	assert_true(packet->dscp < 64);
	assert_false(packet->has_ports && packet->has_icmp);
	if (packet->has_ports && packet->has_payload_word)
		assert_int_equal(packet->payload_word,
				 (uint32_t)packet->sport << 16 | packet->dport);
}

static void test_random_bytes(void **state)
{
	(void)state;
	start_random("random bytes");
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t data[128];
		struct packet packet;
		size_t captured = random_u32() % sizeof(data), length = captured;
		for (size_t k = 0; k < captured; k++)
			data[k] = (uint8_t)random_u32();
		if (captured && random_u32() % 4)
			data[0] = random_u32() % 2 ? 0x45 : 0x60;
		if (random_u32() % 2)
			length += random_u32() % 70000;
		check_answer(parse(data, captured, length, &packet), &packet, length);
	}
}

static struct bytes random_packet(void)
{
	static const uint8_t nexts[] = {0, 43, 44, 51, 60, 135, 139, 140, 59, 50, 6, 17, 58, 1};
	struct bytes bytes = random_u32() % 3 ? ipv6(nexts[random_u32() % sizeof(nexts)], 0)
					      : ipv4(nexts[random_u32() % sizeof(nexts)],
						     random_u32() % 11 * 4, 0, 0);
	for (uint32_t i = random_u32() % 20; i > 0; i--)
		ADD(&bytes, nexts[random_u32() % sizeof(nexts)], random_u32() % 3, 0, 0, 0, 0, 0,
		    0);
	add_upper(&bytes);
	if (random_u32() % 2) {
		size_t at = bytes.at[0] >> 4 == 4 ? 2 : 4;
		size_t length = bytes.length - (at == 4 ? 40 : 0);
		bytes.at[at] = (uint8_t)(length >> 8);
		bytes.at[at + 1] = (uint8_t)length;
	}
	return bytes;
}

static void test_mutated_packets(void **state)
{
	unsigned good = 0;
	(void)state;
	start_random("mutated packets");
	for (int i = 0; i < ROUNDS; i++) {
		struct packet packet;
		struct bytes bytes = random_packet();
		for (uint32_t k = random_u32() % 4; k > 0; k--)
			bytes.at[random_u32() % bytes.length] ^= (uint8_t)(1u << random_u32() % 8);
		size_t captured =
			random_u32() % 2 ? bytes.length : random_u32() % (bytes.length + 1);
		int result = parse(bytes.at, captured, bytes.length, &packet);
		check_answer(result, &packet, bytes.length);
		good += result == 0;
	}
	/* Enough get through to show that the depth of the parser was reached. */
	assert_true(good > ROUNDS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_mutated_packets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
