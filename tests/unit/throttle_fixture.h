/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of throttle/ share. */
#ifndef TESTS_THROTTLE_FIXTURE_H
#define TESTS_THROTTLE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/proto.h"
#include "rules/facts.h"

#define SECOND 1000000000ull

struct flow {
	struct packet packet;
	struct facts facts;
};

/* `source` and `destination` are `192.0.2.1:80` or without a port; the source is remote. */
static inline void flow_init(struct flow *flow, uint8_t proto, const char *source,
			     const char *destination)
{
	bool has_sport = false, has_dport = false;
	struct packet *packet = &flow->packet;
	*flow = (struct flow){.packet.proto = proto, .packet.length = 100};
	assert_int_equal(addr_port_parse(source, &packet->src, &has_sport, &packet->sport), 0);
	assert_int_equal(addr_port_parse(destination, &packet->dst, &has_dport, &packet->dport), 0);
	packet->has_ports = has_sport && has_dport;
	packet->has_payload_word = packet->has_ports;
	packet->payload_word = (uint32_t)packet->sport << 16 | packet->dport;
	flow->facts.packet = packet;
}

/* Flow number `number` out of 4 thousand million, by its source address. */
static inline void flow_numbered(struct flow *flow, uint32_t number)
{
	flow_init(flow, IPPROTO_UDP, "10.0.0.1:53", "192.0.2.1:53");
	uint32_t addr = htonl(number);
	memcpy(flow->packet.src.bytes, &addr, sizeof(addr));
}

#endif
