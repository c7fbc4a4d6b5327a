/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a rule may ask about one packet. The packet path fills the few fields below (nothing is
 * copied, nothing allocated); an attribute's value is taken from them only when a test asks.
 */
#ifndef RULES_FACTS_H
#define RULES_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/packet.h"
#include "util/clock.h"

struct geo;
struct geo_cache;
struct owner;

enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_FORWARD };
#define DIRECTION_COUNT 3

/* `in`, `out`, `forward`. */
const char *direction_text(enum direction direction);

struct facts {
	const struct packet *packet;
	enum direction direction;
	const char *iif; /* interface names; NULL: not known */
	const char *oif;
	bool source_is_local;        /* which end is the local one: decided by engine/ */
	const struct geo *geo;       /* NULL: no country is known */
	struct geo_cache *geo_cache; /* the calling thread's own, or NULL */
	uint32_t mark;               /* the packet mark */
	bool has_uid;                /* the user of the local sender is known, without owner */
	uint32_t uid;
	const struct owner *owner; /* of the local end, as far as it was looked up; or NULL */
	const char *class;         /* of a listed connection, as is `rule`; NULL: not known */
	const char *rule;
	struct local_time now; /* unknown where the caller does not fill it */
	const char *cc;        /* given on explain's command line, instead of a look-up; or NULL */
	uint64_t untold;       /* bits 1 << attribute: what explain's command line leaves unknown */
	uint64_t open;         /* the same: may have any value or none, for ruleset_match_open() */
};

enum attribute {
	ATTR_RADDR,
	ATTR_RPORT,
	ATTR_LADDR,
	ATTR_LPORT,
	ATTR_SADDR,
	ATTR_SPORT,
	ATTR_DADDR,
	ATTR_DPORT,
	ATTR_PROTO,
	ATTR_DIR,
	ATTR_IIF,
	ATTR_OIF,
	ATTR_CC,
	ATTR_COUNTRY,
	ATTR_DSCP,
	ATTR_LENGTH,
	ATTR_CONTINENT,
	ATTR_ICMP_TYPE,
	ATTR_MARK,
	ATTR_TIME,
	ATTR_WEEKDAY,
	ATTR_USER,
	ATTR_UID,
	ATTR_GROUP,
	ATTR_GID,
	ATTR_CGROUP,
	ATTR_UNIT,
	ATTR_PID,
	ATTR_CMD,
	ATTR_EXE,
	ATTR_ARGS, /* from here on: what the classifier has no vectors for */
	ATTR_CLASS,
	ATTR_RULE,
	ATTR_COUNT
};

enum value_type { VALUE_UNKNOWN, VALUE_NUMBER, VALUE_ADDRESS, VALUE_TEXT, VALUE_TEXTS };

struct value {
	enum value_type type;
	uint64_t number;
	struct addr addr;
	const char *text; /* borrowed; not terminated by a zero */
	size_t length;
	const char *const *texts; /* of VALUE_TEXTS: `length` of them, borrowed */
};

/* The value of one attribute, VALUE_UNKNOWN where the packet does not have it. */
void facts_get(const struct facts *facts, enum attribute attribute, struct value *ret_value);

#endif
