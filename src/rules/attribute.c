/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/attribute.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/proto.h"
#include "rules/fault.h"
#include "rules/icmp.h"
#include "rules/week.h"
#include "util/alloc.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXTS_SHOWN_MAX 10 /* of a list */

#define PLAIN(name, kind, max, what)                                                               \
	{                                                                                          \
		name, kind, false, max, what, OWNER_NOTHING                                        \
	}
#define ADDRESS(name) PLAIN(name, KIND_ADDRESS, 0, "an address")
#define PORT(name) PLAIN(name, KIND_NUMBER, UINT16_MAX, "a port number")
#define INTERFACE(name) PLAIN(name, KIND_INTERFACE, 0, "an interface name")
#define LOCATED(name, kind, what)                                                                  \
	{                                                                                          \
		name, kind, true, 0, what, OWNER_NOTHING                                           \
	}
#define OWNER(name, kind, level, max, what)                                                        \
	{                                                                                          \
		name, kind, true, max, what, level                                                 \
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
	[ATTR_PROTO] = PLAIN("proto", KIND_PROTO, UINT8_MAX, "a protocol"),
	[ATTR_DIR] = PLAIN("dir", KIND_DIRECTION, DIRECTION_COUNT - 1, "a direction"),
	[ATTR_IIF] = INTERFACE("iif"),
	[ATTR_OIF] = INTERFACE("oif"),
	[ATTR_CC] = LOCATED("cc", KIND_CC, "a country code"),
	[ATTR_COUNTRY] = LOCATED("country", KIND_COUNTRY, "a country"),
	[ATTR_DSCP] = PLAIN("dscp", KIND_DSCP, 63, "a DSCP"),
	[ATTR_LENGTH] = PLAIN("length", KIND_NUMBER, UINT32_MAX, "a length in bytes"),
	[ATTR_CONTINENT] = LOCATED("continent", KIND_CONTINENT, "a continent"),
	[ATTR_ICMP_TYPE] = PLAIN("icmp-type", KIND_ICMP_TYPE, UINT8_MAX, "an ICMP type"),
	[ATTR_MARK] = PLAIN("mark", KIND_NUMBER, UINT32_MAX, "a packet mark"),
	[ATTR_TIME] = PLAIN("time", KIND_TIME, MINUTES_PER_DAY - 1, "a time of day"),
	[ATTR_WEEKDAY] = PLAIN("weekday", KIND_WEEKDAY, 6, "a day of the week"),
	[ATTR_USER] = OWNER("user", KIND_TEXT, OWNER_USER, 0, "a user name"),
	[ATTR_UID] = OWNER("uid", KIND_NUMBER, OWNER_USER, UINT32_MAX, "a user id"),
	[ATTR_GROUP] = OWNER("group", KIND_TEXT, OWNER_USER, 0, "a group name"),
	[ATTR_GID] = OWNER("gid", KIND_NUMBER, OWNER_USER, UINT32_MAX, "a group id"),
	[ATTR_CGROUP] = OWNER("cgroup", KIND_TEXT, OWNER_SOCKET, 0, "the path of a cgroup"),
	[ATTR_UNIT] = OWNER("unit", KIND_TEXT, OWNER_SOCKET, 0, "a unit name"),
	[ATTR_PID] = OWNER("pid", KIND_NUMBER, OWNER_PROCESS, UINT32_MAX, "a process id"),
	[ATTR_CMD] = OWNER("cmd", KIND_TEXT, OWNER_PROCESS, 0, "a command"),
	[ATTR_EXE] = OWNER("exe", KIND_TEXT, OWNER_PROCESS, 0, "the path of a file"),
	[ATTR_ARGS] = OWNER("args", KIND_TEXTS, OWNER_PROCESS, 0, "a list of arguments"),
	[ATTR_CLASS] = PLAIN("class", KIND_TEXT, 0, "the name of a class"),
	[ATTR_RULE] = PLAIN("rule", KIND_TEXT, 0, "the name of a rule"),
};

_Static_assert(COUNT(table) == ATTR_COUNT, "one line for each attribute");

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

const char *attribute_nearest(const char *name)
{
	const char *names[COUNT(table)];
	for (size_t i = 0; i < COUNT(table); i++)
		names[i] = table[i].name;
	return text_nearest(name, names, COUNT(names));
}

bool attribute_is_listed(enum attribute attribute)
{
	return attribute == ATTR_CLASS || attribute == ATTR_RULE;
}

uint64_t attributes_above(enum owner_level level)
{
	uint64_t attributes = 0;
	for (unsigned i = 0; i < ATTR_COUNT; i++)
		if (table[i].level > level)
			attributes |= UINT64_C(1) << i;
	return attributes;
}

enum owner_level attributes_lowest_level(uint64_t attributes)
{
	enum owner_level lowest = OWNER_NOTHING;
	for (unsigned i = 0; i < ATTR_COUNT; i++) {
		enum owner_level level = table[i].level;
		if (attributes >> i & 1 && level && (!lowest || level < lowest))
			lowest = level;
	}
	return lowest;
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
	       kind == KIND_COUNTRY || kind == KIND_CONTINENT || kind == KIND_TEXT ||
	       kind == KIND_TEXTS;
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
	case KIND_TEXT:
	case KIND_TEXTS:
		break;
	}
	return xasprintf(attribute == ATTR_MARK ? "0x%" PRIx64 : "%" PRIu64, number);
}

static char *list_text(const struct value *value)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort(); /* as xcalloc() does */
	fputc('[', out);
	for (size_t i = 0; i < value->length && i < TEXTS_SHOWN_MAX; i++)
		fprintf(out, "%s%s", i ? ", " : "",
			snippet_of(value->texts[i], strlen(value->texts[i])).text);
	fprintf(out, "%s]", value->length > TEXTS_SHOWN_MAX ? ", …" : "");
	fclose(out);
	return text;
}

char *attribute_value_text(enum attribute attribute, const struct value *value)
{
	char buffer[ADDR_TEXT_MAX];
	switch (value->type) {
	case VALUE_ADDRESS:
		return xstrdup(addr_text(&value->addr, buffer));
	case VALUE_TEXT:
		return xstrndup(value->text, value->length);
	case VALUE_TEXTS:
		return list_text(value);
	case VALUE_NUMBER:
		return number_text(attribute, value->number);
	case VALUE_UNKNOWN:
		break;
	}
	return xstrdup("not known");
}
