/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rule number i speaks of network(i), port(i) and so on, so that a packet made for number i meets
 * what it names, and a packet made of several numbers meets some tests of many rules, and seldom
 * all of one.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_rules.h"

#define SETS 20
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

uint64_t bench_random_state;

static const char *const codes[] = {"NZ", "AU", "DE", "FR", "JP", "BR", "ZA", "CA", "IN", "SE"};
static const char *const links[] = {"lan0", "lan1", "lan2", "wan0", "wg0", "br-guest"};

static uint32_t random_below(size_t limit)
{
	bench_random_state = bench_random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(bench_random_state >> 33) % (uint32_t)limit;
}

/* Scatters numbers, the same way each time (Knuth's multiplicative hash). */
static uint32_t scatter(size_t i, uint32_t salt)
{
	uint32_t x = ((uint32_t)i + salt) * 2654435761u;
	return x ^ x >> 15;
}

static uint32_t network4(size_t i)
{
	return 0x14000000u + (scatter(i, 1) % 0xa00000u << 8);
}

static uint32_t network6(size_t i)
{
	return scatter(i, 2) & 0xfffffffu;
}

static uint16_t port(size_t i)
{
	return (uint16_t)(1024 + scatter(i, 3) % 60000);
}

static const char *code(size_t i)
{
	return codes[scatter(i, 4) % COUNT(codes)];
}

static const char *link_name(size_t i)
{
	return links[scatter(i, 5) % COUNT(links)];
}

static const char *addr4(uint32_t number, char *buffer)
{
	struct in_addr addr = {htonl(number)};
	inet_ntop(AF_INET, &addr, buffer, INET_ADDRSTRLEN);
	return buffer;
}

static void put_rule(FILE *out, size_t i)
{
	char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN];
	uint32_t net = network4(i), hi = network6(i);
	switch (i % 11) {
	case 0:
		fprintf(out, "proto == tcp and dport == %u", port(i));
		return;
	case 1:
		fprintf(out, "raddr in %s/24 and rport in [%u, %u, 6881-6889]", addr4(net, a),
			port(i), port(i + 7));
		return;
	case 2:
		fprintf(out, "raddr in 2001:%x:%x::/48 and dir == in", hi >> 16, hi & 0xffff);
		return;
	case 3:
		fprintf(out, "cc in [%s, %s] and proto == udp and dport == %u", code(i),
			code(i + 9), port(i));
		return;
	case 4:
		fprintf(out, "iif == %s and rport in %u-%u and length > 500", link_name(i), port(i),
			port(i) + 3);
		return;
	case 5:
		fprintf(out, "raddr == %s and not dport in [22, %u]", addr4(net + 9, a), port(i));
		return;
	case 6:
		fprintf(out, "saddr in %s-%s and proto in [tcp, udp]", addr4(net + 16, a),
			addr4(net + 48, b));
		return;
	case 7:
		fprintf(out, "(lport == %u or rport == %u) and raddr in %s/20", port(i),
			port(i + 3), addr4(net & ~0xfffu, a));
		return;
	case 8:
		fprintf(out, "raddr in @set%zu and dport == %u", i % SETS, port(i));
		return;
	case 9:
		fprintf(out, "dscp == ef and daddr in %s/28 and cc != %s", addr4(net, a), code(i));
		return;
	}
	fprintf(out, "time in 22:00-06:00 and laddr in 2001:%x:%x::/64 and sport >= 1024", hi >> 16,
		hi & 0xffff);
}

static void put_sets(FILE *out)
{
	char a[INET_ADDRSTRLEN];
	fprintf(out, "sets:\n");
	for (size_t set = 0; set < SETS; set++) {
		fprintf(out, "  set%zu: [", set);
		for (size_t i = 0; i < 25; i++)
			fprintf(out, "%s%s/24", i ? ", " : "", addr4(network4(set + i * SETS), a));
		fprintf(out, "]\n");
	}
}

char *bench_write_rules(size_t n_rules)
{
	char *path = strdup("/tmp/nfshaper-bench-XXXXXX");
	FILE *out = fdopen(mkstemp(path), "w");
	if (!out) {
		perror(path);
		exit(1);
	}
	/* The database is not opened here: without it rules on countries would be warned of. */
	fprintf(out, "version: 1\ngeoip: country.mmdb\n"
		     "interfaces:\n  wan0: {out: 100mbit, in: 100mbit}\n"
		     "classes:\n  default: {out: 10mbit, in: 10mbit}\n");
	put_sets(out);
	fprintf(out, "rules:\n");
	for (size_t i = 0; i < n_rules; i++) {
		fprintf(out, "  - if: ");
		put_rule(out, i);
		fprintf(out, "\n    action: accept\n");
	}
	fclose(out);
	return path;
}

static struct addr random_addr(size_t i, bool is_v6)
{
	uint32_t v4 = htonl(network4(i) + random_below(64)), hi = network6(i);
	uint8_t v6[16] = {
		0x20,       0x01, (uint8_t)(hi >> 24), (uint8_t)(hi >> 16), (uint8_t)(hi >> 8),
		(uint8_t)hi};
	return is_v6 ? addr_from_bytes(AF_INET6, v6) : addr_from_bytes(AF_INET, &v4);
}

static uint16_t random_port(size_t n_rules)
{
	static const uint16_t common[] = {80, 443, 53, 22, 6881};
	return random_below(3) ? port(random_below(n_rules)) : common[random_below(COUNT(common))];
}

void bench_random_facts(size_t n_rules, struct packet *ret_packet, struct facts *ret_facts)
{
	bool is_v6 = random_below(4) == 0, out = random_below(2);
	*ret_packet = (struct packet){
		.src = random_addr(random_below(n_rules), is_v6),
		.dst = random_addr(random_below(n_rules), is_v6),
		.proto = random_below(2) ? IPPROTO_TCP : IPPROTO_UDP,
		.dscp = random_below(8) ? 0 : 46,
		.has_ports = true,
		.sport = random_port(n_rules),
		.dport = random_port(n_rules),
		.length = 40 + random_below(1460),
	};
	*ret_facts = (struct facts){
		.packet = ret_packet,
		.direction = out ? DIRECTION_OUT : DIRECTION_IN,
		.iif = links[random_below(COUNT(links))],
		.oif = out ? "wan0" : NULL,
		.source_is_local = out,
		.cc = codes[random_below(COUNT(codes))],
		.now = {.has_minute = true, .minute = (uint16_t)random_below(MINUTES_PER_DAY)},
	};
}
