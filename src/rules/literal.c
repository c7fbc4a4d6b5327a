/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/literal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/proto.h"
#include "rules/icmp.h"
#include "rules/week.h"
#include "util/alloc.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 2474, 2597, 3246, 5865, 8622. */
static const struct {
	const char *name;
	uint8_t dscp;
} dscp_names[] = {
	{"cs0", 0},   {"cs1", 8},   {"cs2", 16},  {"cs3", 24},         {"cs4", 32},  {"cs5", 40},
	{"cs6", 48},  {"cs7", 56},  {"af11", 10}, {"af12", 12},        {"af13", 14}, {"af21", 18},
	{"af22", 20}, {"af23", 22}, {"af31", 26}, {"af32", 28},        {"af33", 30}, {"af41", 34},
	{"af42", 36}, {"af43", 38}, {"ef", 46},   {"voice-admit", 44}, {"le", 1},
};

static struct snippet snippet_of_value(const struct expr_value *value)
{
	return snippet_of(value->text, value->length);
}

/* Where the attribute is a number, and another one its name. */
static const char *name_hint(const struct attribute_info *info, const char *text)
{
	if (isdigit((unsigned char)text[0]))
		return "";
	if (info == attribute_info(ATTR_UID))
		return "; names go with `user`";
	return info == attribute_info(ATTR_GID) ? "; names go with `group`" : "";
}

static int read_plain(const struct attribute_info *info, const struct expr_value *value,
		      uint64_t *ret_number, struct fault *fault)
{
	if (text_to_u64(value->text, info->max, ret_number))
		return fault_set(fault, value->offset, "`%s` is not %s (0–%" PRIu64 ")%s",
				 snippet_of_value(value).text, info->what, info->max,
				 name_hint(info, value->text));
	return 0;
}

static int read_proto(const struct attribute_info *info, const struct expr_value *value,
		      uint64_t *ret_number, struct fault *fault)
{
	uint8_t proto;
	size_t count;
	const char *const *names = proto_names(&count);
	const char *hint = NULL;
	if (proto_parse(value->text, &proto) == 0) {
		*ret_number = proto;
		return 0;
	}
	if (isdigit((unsigned char)value->text[0]))
		return read_plain(info, value, ret_number, fault);
	for (size_t i = 0; i < count && !hint; i++)
		if (strcasecmp(value->text, names[i]) == 0)
			hint = names[i];
	if (!hint)
		hint = text_nearest(value->text, names, count);
	if (hint)
		return fault_set(fault, value->offset, "unknown protocol `%s`; did you mean `%s`?",
				 snippet_of_value(value).text, hint);
	return fault_set(fault, value->offset,
			 "unknown protocol `%s`: one without a name here is written as its number "
			 "(0–255)",
			 snippet_of_value(value).text);
}

static int read_dscp(const struct attribute_info *info, const struct expr_value *value,
		     uint64_t *ret_number, struct fault *fault)
{
	for (size_t i = 0; i < COUNT(dscp_names); i++) {
		if (strcmp(value->text, dscp_names[i].name) == 0) {
			*ret_number = dscp_names[i].dscp;
			return 0;
		}
	}
	if (text_to_u64(value->text, info->max, ret_number) == 0)
		return 0;
	return fault_set(fault, value->offset,
			 "`%s` is not a DSCP: it is 0–63 or a name such as cs1, af41, ef, le",
			 snippet_of_value(value).text);
}

static int read_direction(const struct expr_value *value, uint64_t *ret_number, struct fault *fault)
{
	for (unsigned i = 0; i < DIRECTION_COUNT; i++) {
		if (strcmp(value->text, direction_text((enum direction)i)) == 0) {
			*ret_number = i;
			return 0;
		}
	}
	return fault_set(fault, value->offset,
			 "`%s` is not a direction: it is `in`, `out` or `forward`",
			 snippet_of_value(value).text);
}

/* A number; names, of which some mean two, are taken before. */
static int read_icmp_type(const struct attribute_info *info, const struct expr_value *value,
			  uint64_t *ret_number, struct fault *fault)
{
	const char *nearest = icmp_type_nearest(value->text);
	if (text_to_u64(value->text, info->max, ret_number) == 0)
		return 0;
	return fault_set(
		fault, value->offset,
		"`%s` is not an ICMP type: it is 0–255 or a name such as echo-request%s%s%s",
		snippet_of_value(value).text, nearest ? "; did you mean `" : "",
		nearest ? nearest : "", nearest ? "`?" : "");
}

static int read_time(const struct expr_value *value, uint64_t *ret_number, struct fault *fault)
{
	if (week_minute_parse(value->text, ret_number) == 0)
		return 0;
	return fault_set(fault, value->offset,
			 "`%s` is not a time of day: it is 00:00 to 23:59, such as 22:00",
			 snippet_of_value(value).text);
}

static int read_weekday(const struct expr_value *value, uint64_t *ret_number, struct fault *fault)
{
	const char *nearest = week_day_nearest(value->text);
	if (week_day_parse(value->text, ret_number) == 0)
		return 0;
	return fault_set(
		fault, value->offset,
		"`%s` is not a day of the week: it is mon, tue, wed, thu, fri, sat or sun%s%s%s",
		snippet_of_value(value).text, nearest ? "; did you mean `" : "",
		nearest ? nearest : "", nearest ? "`?" : "");
}

int literal_number(const struct attribute_info *info, const struct expr_value *value,
		   uint64_t *ret_number, struct fault *fault)
{
	switch (info->kind) {
	case KIND_PROTO:
		return read_proto(info, value, ret_number, fault);
	case KIND_DSCP:
		return read_dscp(info, value, ret_number, fault);
	case KIND_DIRECTION:
		return read_direction(value, ret_number, fault);
	case KIND_CC:
		return literal_cc(value, ret_number, fault);
	case KIND_COUNTRY:
		return literal_country(value, ret_number, fault);
	case KIND_CONTINENT:
		return literal_continent(value, ret_number, fault);
	case KIND_ICMP_TYPE:
		return read_icmp_type(info, value, ret_number, fault);
	case KIND_TIME:
		return read_time(value, ret_number, fault);
	case KIND_WEEKDAY:
		return read_weekday(value, ret_number, fault);
	case KIND_NUMBER:
	case KIND_ADDRESS:
	case KIND_INTERFACE:
	case KIND_TEXT:
	case KIND_TEXTS:
		break;
	}
	return read_plain(info, value, ret_number, fault);
}

static bool is_range(const struct attribute_info *info, const char *text)
{
	bool has_dash = strchr(text, '-') != NULL;
	switch (info->kind) {
	case KIND_NUMBER:
	case KIND_PROTO:
	case KIND_DSCP:
	case KIND_ICMP_TYPE:
	case KIND_TIME:
		return has_dash && isdigit((unsigned char)text[0]);
	case KIND_WEEKDAY:
		return has_dash;
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
	return false;
}

/* One end of a range, as a value of its own so that a fault is at its place. */
static int read_end(const struct attribute_info *info, const struct expr_value *range, size_t start,
		    size_t length, uint64_t *ret_number, struct fault *fault)
{
	struct expr_value value = {
		.text = xstrndup(range->text + start, length),
		.length = length,
		.offset = range->offset + start,
	};
	int error = literal_number(info, &value, ret_number, fault);
	free(value.text);
	return error;
}

void literal_add_range(const struct attribute_info *info, uint64_t first, uint64_t last,
		       struct number_set *set)
{
	number_set_add(set, first, last);
	if (info->kind == KIND_ICMP_TYPE)
		number_set_add(set, ICMP_V6 + first, ICMP_V6 + last);
}

/* The clock and the week go round: 22:00-06:00 is two ranges. */
static int add_range(const struct attribute_info *info, const struct expr_value *value,
		     uint64_t first, uint64_t last, struct number_set *set, struct fault *fault)
{
	bool goes_round = info->kind == KIND_TIME || info->kind == KIND_WEEKDAY;
	if (first <= last) {
		literal_add_range(info, first, last, set);
		return 0;
	}
	if (!goes_round)
		return fault_set(fault, value->offset,
				 "the range `%s` is empty: the smaller end comes first",
				 snippet_of_value(value).text);
	literal_add_range(info, first, info->max, set);
	literal_add_range(info, 0, last, set);
	return 0;
}

int literal_add_numbers(const struct attribute_info *info, const struct expr_value *value,
			struct number_set *set, struct fault *fault)
{
	uint64_t first = 0, last = 0, named[2];
	size_t n_named = info->kind == KIND_ICMP_TYPE ? icmp_type_find(value->text, named) : 0;
	for (size_t i = 0; i < n_named; i++)
		number_set_add(set, named[i], named[i]);
	if (n_named)
		return 0;
	if (!is_range(info, value->text)) {
		int error = literal_number(info, value, &first, fault);
		if (!error)
			literal_add_range(info, first, first, set);
		return error;
	}
	size_t dash = strcspn(value->text, "-");
	int error = read_end(info, value, 0, dash, &first, fault);
	if (!error)
		error = read_end(info, value, dash + 1, value->length - dash - 1, &last, fault);
	return error ? error : add_range(info, value, first, last, set, fault);
}
