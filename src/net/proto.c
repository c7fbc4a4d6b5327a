/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/proto.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[] = {"icmp", "igmp", "ipip", "tcp",  "udp",    "dccp",
				    "ipv6", "gre",  "esp",  "ah",   "icmpv6", "ospf",
				    "pim",  "vrrp", "l2tp", "sctp", "udplite"};
static const uint8_t numbers[] = {1,  2,  4,  6,   17,  33,  41,  47, 50,
				  51, 58, 89, 103, 112, 115, 132, 136};

_Static_assert(COUNT(names) == COUNT(numbers), "one number for each name");

int proto_parse(const char *text, uint8_t *ret_proto)
{
	uint64_t number;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_proto = numbers[i];
			return 0;
		}
	}
	int error = text_to_u64(text, UINT8_MAX, &number);
	if (!error)
		*ret_proto = (uint8_t)number;
	return error;
}

const char *proto_text(uint8_t proto, char *buffer)
{
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (numbers[i] == proto)
			return names[i];
	snprintf(buffer, PROTO_TEXT_MAX, "%u", proto);
	return buffer;
}

bool proto_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

const char *const *proto_names(size_t *ret_count)
{
	*ret_count = COUNT(names);
	return names;
}
