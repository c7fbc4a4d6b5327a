/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of rules/ share: three packets, and the value of an expression for one. */
#ifndef TESTS_RULES_FIXTURE_H
#define TESTS_RULES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/condition.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct sample {
	struct packet packet;
	struct facts facts;
};

static inline struct addr sample_addr(const char *text)
{
	struct addr addr;
	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static inline void sample_init(struct sample *sample, const char *src, const char *dst,
			       uint8_t proto)
{
	*sample = (struct sample){
		.packet = {.src = sample_addr(src), .dst = sample_addr(dst), .proto = proto},
	};
	sample->facts.packet = &sample->packet;
}

/* This host's own HTTPS request to a host in New Zealand. */
static inline void sample_out(struct sample *sample)
{
	sample_init(sample, "192.168.1.20", "66.35.250.208", IPPROTO_TCP);
	sample->packet.has_ports = true;
	sample->packet.sport = 40000;
	sample->packet.dport = 443;
	sample->packet.dscp = 46;
	sample->packet.length = 60;
	sample->facts.direction = DIRECTION_OUT;
	sample->facts.source_is_local = true;
	sample->facts.oif = "wan0";
	sample->facts.cc = "NZ";
}

/* A DNS query over IPv6 that comes in; nothing is known of its country. */
static inline void sample_in(struct sample *sample)
{
	sample_init(sample, "2001:db8:9::1", "2001:db8:1::53", IPPROTO_UDP);
	sample->packet.has_ports = true;
	sample->packet.sport = 5353;
	sample->packet.dport = 53;
	sample->packet.length = 1280;
	sample->facts.direction = DIRECTION_IN;
	sample->facts.iif = "wan0";
}

/* A forwarded GRE packet, which has no ports. */
static inline void sample_gre(struct sample *sample)
{
	sample_init(sample, "10.0.0.1", "192.0.2.5", IPPROTO_GRE);
	sample->facts.direction = DIRECTION_FORWARD;
	sample->facts.source_is_local = true;
	sample->facts.iif = "lan0";
	sample->facts.oif = "wan0";
}

static inline struct condition *expression(const char *text)
{
	struct fault fault = {0};
	struct condition *condition = condition_new(text, &fault);
	if (!condition)
		print_error("%s\n%*s^ %s\n", text, (int)fault.offset, "", fault.message);
	assert_non_null(condition);
	assert_null(fault.message);
	return condition;
}

static inline bool expression_holds(const char *text, const struct facts *facts)
{
	struct condition *condition = expression(text);
	struct evaluation evaluation = evaluation_of(facts);
	bool holds = condition_holds(condition, &evaluation);
	condition_free(condition);
	return holds;
}

struct expectation {
	const char *text;
	bool holds;
};

static inline void assert_expectations(const struct expectation *cases, size_t count,
				       const struct facts *facts)
{
	for (size_t i = 0; i < count; i++) {
		if (expression_holds(cases[i].text, facts) != cases[i].holds)
			fail_msg("%s: expected %s", cases[i].text,
				 cases[i].holds ? "true" : "false");
	}
}

#endif
