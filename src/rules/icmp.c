/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/icmp.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "util/alloc.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The registries of IANA, in the words of nft(8). */
static const struct {
	const char *name;
	uint16_t number;
} types[] = {
	{"echo-reply", 0},
	{"destination-unreachable", 3},
	{"source-quench", 4},
	{"redirect", 5},
	{"echo-request", 8},
	{"router-advertisement", 9},
	{"router-solicitation", 10},
	{"time-exceeded", 11},
	{"parameter-problem", 12},
	{"timestamp-request", 13},
	{"timestamp-reply", 14},
	{"info-request", 15},
	{"info-reply", 16},
	{"address-mask-request", 17},
	{"address-mask-reply", 18},
	{"destination-unreachable", ICMP_V6 + 1},
	{"packet-too-big", ICMP_V6 + 2},
	{"time-exceeded", ICMP_V6 + 3},
	{"parameter-problem", ICMP_V6 + 4},
	{"echo-request", ICMP_V6 + 128},
	{"echo-reply", ICMP_V6 + 129},
	{"mld-listener-query", ICMP_V6 + 130},
	{"mld-listener-report", ICMP_V6 + 131},
	{"mld-listener-done", ICMP_V6 + 132},
	{"nd-router-solicit", ICMP_V6 + 133},
	{"nd-router-advert", ICMP_V6 + 134},
	{"nd-neighbor-solicit", ICMP_V6 + 135},
	{"nd-neighbor-advert", ICMP_V6 + 136},
	{"nd-redirect", ICMP_V6 + 137},
	{"router-renumbering", ICMP_V6 + 138},
	{"mld2-listener-report", ICMP_V6 + 143},
};

uint64_t icmp_type_number(uint8_t proto, uint8_t type)
{
	return proto == IPPROTO_ICMPV6 ? ICMP_V6 + type : type;
}

char *icmp_type_text(uint64_t number)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].number == number)
			return xasprintf("%" PRIu64 " (%s)", number % ICMP_V6, types[i].name);
	return xasprintf("%" PRIu64, number % ICMP_V6);
}

size_t icmp_type_find(const char *name, uint64_t ret_numbers[2])
{
	size_t count = 0;
	for (size_t i = 0; i < COUNT(types) && count < 2; i++)
		if (strcmp(name, types[i].name) == 0)
			ret_numbers[count++] = types[i].number;
	return count;
}

const char *icmp_type_nearest(const char *wrong)
{
	const char *names[COUNT(types)];
	for (size_t i = 0; i < COUNT(types); i++)
		names[i] = types[i].name;
	return text_nearest(wrong, names, COUNT(names));
}
