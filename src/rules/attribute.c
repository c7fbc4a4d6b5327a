/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/attribute.h"

#include <inttypes.h>
#include <string.h>

#include "net/proto.h"
#include "rules/icmp.h"
#include "rules/week.h"
#include "util/alloc.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ADDRESS(name)                                                                              \
	{                                                                                          \
		name, KIND_ADDRESS, false, 0, "an address"                                         \
	}
#define PORT(name)                                                                                 \
	{                                                                                          \
		name, KIND_NUMBER, false, UINT16_MAX, "a port number"                              \
	}
#define INTERFACE(name)                                                                            \
	{                                                                                          \
		name, KIND_INTERFACE, false, 0, "an interface name"                                \
	}

static const struct attribute_info table[] = {
	[ATTR_RADDR] = ADDRESS("raddr"),
	[ATTR_RPORT] = PORT("rport"),
	[ATTR_LADDR] = ADDRESS("laddr"),
	[ATTR_LPORT] = PORT("lport"),
	[ATTR_SADDR] = ADDRESS("saddr"),
	[ATTR_SPORT] = PORT("sport"),
	[ATTR_DADDR] = ADDRESS("daddr"),
	[ATTR_DPORT] = PORT("dport"),
	[ATTR_PROTO] = {"proto", KIND_PROTO, false, UINT8_MAX, "a protocol"},
	[ATTR_DIR] = {"dir", KIND_DIRECTION, false, DIRECTION_COUNT - 1, "a direction"},
	[ATTR_IIF] = INTERFACE("iif"),
	[ATTR_OIF] = INTERFACE("oif"),
	[ATTR_CC] = {"cc", KIND_CC, true, 0, "a country code"},
	[ATTR_COUNTRY] = {"country", KIND_COUNTRY, true, 0, "a country"},
	[ATTR_DSCP] = {"dscp", KIND_DSCP, false, 63, "a DSCP"},
	[ATTR_LENGTH] = {"length", KIND_NUMBER, false, UINT32_MAX, "a length in bytes"},
	[ATTR_CONTINENT] = {"continent", KIND_CONTINENT, true, 0, "a continent"},
	[ATTR_ICMP_TYPE] = {"icmp-type", KIND_ICMP_TYPE, false, UINT8_MAX, "an ICMP type"},
	[ATTR_MARK] = {"mark", KIND_NUMBER, false, UINT32_MAX, "a packet mark"},
	[ATTR_TIME] = {"time", KIND_TIME, false, MINUTES_PER_DAY - 1, "a time of day"},
	[ATTR_WEEKDAY] = {"weekday", KIND_WEEKDAY, false, 6, "a day of the week"},
};

_Static_assert(COUNT(table) == ATTR_COUNT, "one line for each attribute");

/* Reserved from the start, so that a later version does not change what a text means. */
static const char *const reserved[] = {
	"user", "uid", "group", "gid", "pid", "cmd", "args", "exe", "cgroup", "unit",
};

const struct attribute_info *attribute_info(enum attribute attribute)
{
	return &table[attribute];
}

static bool is_name(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && memcmp(name, text, length) == 0;
}

bool attribute_find(const char *name, size_t length, enum attribute *ret_attribute)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		if (is_name(table[i].name, name, length)) {
			*ret_attribute = (enum attribute)i;
			return true;
		}
	}
	return false;
}

bool attribute_is_reserved(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(reserved); i++)
		if (is_name(reserved[i], name, length))
			return true;
	return false;
}

const char *attribute_nearest(const char *name)
{
	const char *names[COUNT(table) + COUNT(reserved)];
	for (size_t i = 0; i < COUNT(table); i++)
		names[i] = table[i].name;
	memcpy(names + COUNT(table), reserved, sizeof(reserved));
	return text_nearest(name, names, COUNT(names));
}

bool attribute_is_ordered(enum attribute attribute)
{
	enum attribute_kind kind = table[attribute].kind;
	return kind == KIND_NUMBER || kind == KIND_PROTO || kind == KIND_DSCP ||
	       kind == KIND_ICMP_TYPE || kind == KIND_TIME;
}

bool attribute_is_text(enum attribute attribute)
{
	enum attribute_kind kind = table[attribute].kind;
	return kind == KIND_DIRECTION || kind == KIND_INTERFACE || kind == KIND_CC ||
	       kind == KIND_COUNTRY || kind == KIND_CONTINENT;
}

static char *number_text(enum attribute attribute, uint64_t number)
{
	char name[PROTO_TEXT_MAX];
	switch (table[attribute].kind) {
	case KIND_PROTO:
		return xstrdup(proto_text((uint8_t)number, name));
	case KIND_ICMP_TYPE:
		return icmp_type_text(number);
	case KIND_TIME:
		return xasprintf("%02" PRIu64 ":%02" PRIu64, number / 60, number % 60);
	case KIND_WEEKDAY:
		return xstrdup(week_day_text((unsigned)number));
	case KIND_NUMBER:
	case KIND_DSCP:
	case KIND_ADDRESS:
	case KIND_DIRECTION:
	case KIND_INTERFACE:
	case KIND_CC:
	case KIND_COUNTRY:
	case KIND_CONTINENT:
		break;
	}
	return xasprintf(attribute == ATTR_MARK ? "0x%" PRIx64 : "%" PRIu64, number);
}

char *attribute_value_text(enum attribute attribute, const struct value *value)
{
	char buffer[ADDR_TEXT_MAX];
	switch (value->type) {
	case VALUE_ADDRESS:
		return xstrdup(addr_text(&value->addr, buffer));
	case VALUE_TEXT:
		return xstrndup(value->text, value->length);
	case VALUE_NUMBER:
		return number_text(attribute, value->number);
	case VALUE_UNKNOWN:
		break;
	}
	return xstrdup("not known");
}
