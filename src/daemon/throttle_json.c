/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/throttle_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/throttle_limit.h"
#include "net/proto.h"
#include "util/alloc.h"

#define NS_PER_S 1000000000ull
#define BITS_PER_BYTE 8
#define MASK_TEXT_MAX sizeof("0x00000000")
#define SERIAL_MAX INT32_MAX /* far more than were ever given, and the next one is above it */

static json_t *fields_json(uint32_t fields)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++)
		if (fields & SESSION_BIT(i))
			json_array_append_new(list, json_string(session_field_names[i]));
	return list;
}

static int fields_from_json(json_t *list, uint32_t *ret_fields)
{
	json_t *item;
	size_t index;
	uint32_t fields = SESSION_NONE;
	if (!json_is_array(list))
		return -EBADMSG;
	json_array_foreach(list, index, item)
	{
		enum session_field field;
		if (!json_is_string(item) || session_field_find(json_string_value(item), &field))
			return -EBADMSG;
		fields |= SESSION_BIT(field);
	}
	*ret_fields = fields;
	return 0;
}

/* The number, where it is there; -EBADMSG where it is anything else, or out of its range. */
static int take_number(json_t *json, const char *key, uint64_t max, uint64_t *number)
{
	json_t *value = json_object_get(json, key);
	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max)
		return -EBADMSG;
	*number = (uint64_t)json_integer_value(value);
	return 0;
}

static int take_u32(json_t *json, const char *key, uint32_t *number)
{
	uint64_t wide = *number;
	int error = take_number(json, key, UINT32_MAX, &wide);
	*number = (uint32_t)wide;
	return error;
}

/* True where both are there; either of them alone, or no object, is an error. */
static bool has_both(json_t *json, const char *one, const char *other, int *error)
{
	bool has_one = json_object_get(json, one), has_other = json_object_get(json, other);
	if (has_one != has_other)
		*error = -EBADMSG;
	return has_one && has_other;
}

static int window_from_json(json_t *json, struct throttle_spec *spec)
{
	uint64_t span_s = 0;
	spec->kind = THROTTLE_WINDOW;
	if (take_u32(json, "packets", &spec->window.packets) ||
	    take_number(json, "span_s", INT64_MAX / NS_PER_S, &span_s))
		return -EBADMSG;
	spec->window.span_ns = span_s * NS_PER_S;
	/* A window must be remembered to its end. */
	if (spec->expire_ns < spec->window.span_ns)
		spec->expire_ns = spec->window.span_ns;
	return 0;
}

static int bucket_from_json(json_t *json, struct throttle_spec *spec)
{
	uint64_t rate_bps = 0;
	spec->kind = THROTTLE_BUCKET;
	if (take_number(json, "rate_bps", INT64_MAX, &rate_bps) ||
	    take_number(json, "burst_bytes", INT64_MAX, &spec->bucket.burst_bytes))
		return -EBADMSG;
	spec->bucket.rate_bytes_per_s = rate_bps / BITS_PER_BYTE;
	return 0;
}

static int limits_from_json(json_t *json, struct throttle_spec *spec)
{
	int error = 0;
	bool is_window = has_both(json, "packets", "span_s", &error);
	bool is_bucket = has_both(json, "rate_bps", "burst_bytes", &error);
	if (error || (is_window && is_bucket))
		return -EBADMSG;
	if (is_window)
		return window_from_json(json, spec);
	return is_bucket ? bucket_from_json(json, spec) : 0;
}

int throttle_spec_from_json(json_t *json, struct throttle_spec *spec)
{
	struct throttle_spec read = *spec;
	json_t *session = json_object_get(json, "session");
	uint64_t expire_s = 0;
	if (limits_from_json(json, &read) ||
	    (session && fields_from_json(session, &read.session.fields)) ||
	    take_u32(json, "mask", &read.session.mask) || take_u32(json, "max", &read.max) ||
	    take_u32(json, "buckets", &read.buckets) ||
	    take_number(json, "expire_s", INT64_MAX / NS_PER_S, &expire_s))
		return -EBADMSG;
	if (json_object_get(json, "expire_s"))
		read.expire_ns = expire_s * NS_PER_S;
	if (!throttle_spec_is_valid(&read))
		return -EBADMSG;
	*spec = read;
	return 0;
}

/* A command can make no other than one that counts packets. */
static json_t *spec_json(const struct throttle_spec *spec)
{
	json_t *json = json_pack(
		"{s:o, s:I, s:I, s:I, s:I}", "session", fields_json(spec->session.fields), "mask",
		(json_int_t)spec->session.mask, "max", (json_int_t)spec->max, "buckets",
		(json_int_t)spec->buckets, "expire_s", (json_int_t)(spec->expire_ns / NS_PER_S));
	switch (spec->kind) {
	case THROTTLE_WINDOW:
		json_object_set_new(json, "packets", json_integer(spec->window.packets));
		json_object_set_new(json, "span_s",
				    json_integer((json_int_t)(spec->window.span_ns / NS_PER_S)));
		break;
	case THROTTLE_BUCKET:
		json_object_set_new(
			json, "rate_bps",
			json_integer((json_int_t)(spec->bucket.rate_bytes_per_s * BITS_PER_BYTE)));
		json_object_set_new(json, "burst_bytes",
				    json_integer((json_int_t)spec->bucket.burst_bytes));
		break;
	}
	return json;
}

/* Of those in the file only the serial is kept: the rest is said there. */
json_t *throttle_list_json(const struct throttle_list *list)
{
	json_t *items = json_array();
	for (size_t i = 0; i < list->count; i++) {
		const struct throttle_item *item = &list->items[i];
		json_t *json = json_pack("{s:s, s:I, s:b}", "tag", item->tag, "serial",
					 (json_int_t)item->serial, "by_command", item->by_command);
		if (item->by_command)
			json_object_set_new(json, "spec", spec_json(&item->spec));
		json_array_append_new(items, json);
	}
	return json_pack("{s:I, s:o}", "last_serial", (json_int_t)list->last_serial, "items",
			 items);
}

static bool has_serial(const struct throttle_list *list, json_int_t serial)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].serial == serial)
			return true;
	return false;
}

static int read_item(json_t *json, struct throttle_list *list)
{
	struct throttle_item item = {.spec = throttle_spec_default()};
	const char *tag = NULL;
	json_t *spec = NULL;
	int by_command = 0;
	json_int_t serial = 0;
	if (json_unpack(json, "{s:s, s:I, s:b, s?o}", "tag", &tag, "serial", &serial, "by_command",
			&by_command, "spec", &spec) ||
	    serial < 1 || serial > SERIAL_MAX || has_serial(list, serial) ||
	    throttle_list_find_call(list, tag))
		return -EBADMSG;
	char *problem = throttle_tag_problem(tag);
	free(problem);
	if (problem || (by_command && (!spec || throttle_spec_from_json(spec, &item.spec))))
		return -EBADMSG;
	item.tag = (char *)tag;
	item.serial = (uint32_t)serial;
	item.by_command = by_command;
	throttle_list_add(list, &item);
	return 0;
}

int throttle_list_from_json(json_t *json, struct throttle_list *list)
{
	json_t *items = NULL, *item;
	json_int_t last = 0;
	size_t index;
	if (json_unpack(json, "{s:I, s:o}", "last_serial", &last, "items", &items) || last < 0 ||
	    last > SERIAL_MAX || !json_is_array(items))
		return -EBADMSG;
	json_array_foreach(items, index, item)
	{
		if (read_item(item, list))
			return -EBADMSG;
	}
	if ((uint32_t)last > list->last_serial)
		list->last_serial = (uint32_t)last;
	return 0;
}

json_t *throttle_status_json(const struct throttle_item *item, struct throttle *throttle)
{
	const struct throttle_spec *spec = throttle_spec(throttle);
	struct throttle_figures figures;
	char mask[MASK_TEXT_MAX];
	char *limit = NULL;
	bool is_bucket = spec->kind == THROTTLE_BUCKET;
	throttle_figures(throttle, &figures);
	snprintf(mask, sizeof(mask), "0x%08x", spec->session.mask);
	if (!is_bucket)
		limit = xasprintf("%u/%llu", spec->window.packets,
				  (unsigned long long)(spec->window.span_ns / NS_PER_S));
	json_t *json = json_pack(
		"{s:s, s:I, s:s?, s:o, s:o, s:o, s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I}",
		"tag", item->tag, "serial", (json_int_t)item->serial, "limit", limit, "rate_bps",
		is_bucket
			? json_integer((json_int_t)(spec->bucket.rate_bytes_per_s * BITS_PER_BYTE))
			: json_null(),
		"burst_bytes",
		is_bucket ? json_integer((json_int_t)spec->bucket.burst_bytes) : json_null(),
		"session", fields_json(spec->session.fields), "mask", mask, "count",
		spec->count == THROTTLE_CONNECTIONS ? "connections" : "packets", "expire",
		(json_int_t)(spec->expire_ns / NS_PER_S), "by_command", item->by_command,
		"sessions", (json_int_t)figures.sessions, "max", (json_int_t)figures.max, "passed",
		(json_int_t)figures.passed, "over", (json_int_t)figures.over, "evicted",
		(json_int_t)figures.evicted, "bytes", (json_int_t)figures.bytes);
	free(limit);
	return json;
}

static json_t *value_json(enum session_field field, const struct value *value)
{
	char text[PROTO_TEXT_MAX > ADDR_PORT_TEXT_MAX ? PROTO_TEXT_MAX : ADDR_PORT_TEXT_MAX];
	switch (value->type) {
	case VALUE_UNKNOWN:
	case VALUE_TEXTS:
		break;
	case VALUE_NUMBER:
		if (field == SESSION_PROTO)
			return json_string(proto_text((uint8_t)value->number, text));
		return json_integer((json_int_t)value->number);
	case VALUE_ADDRESS:
		return json_string(addr_text(&value->addr, text));
	case VALUE_TEXT:
		return json_stringn(value->text, value->length);
	}
	return json_null();
}

static json_t *key_json(const struct session_layout *layout, const struct session_key *key)
{
	json_t *json = json_object();
	char text[MASK_TEXT_MAX];
	uint32_t word;
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++) {
		struct value value;
		if (!(layout->fields & SESSION_BIT(i)))
			continue;
		session_key_get(layout, key, (enum session_field)i, &value);
		json_object_set_new(json, session_field_names[i],
				    value_json((enum session_field)i, &value));
	}
	if (layout->mask) {
		bool is_known = session_key_word(layout, key, &word);
		snprintf(text, sizeof(text), "0x%08x", is_known ? word : 0);
		json_object_set_new(json, "data", is_known ? json_string(text) : json_null());
	}
	return json;
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

json_t *throttle_session_json(const struct throttle_item *item,
			      const struct throttle_session *session)
{
	const struct throttle_spec *spec = &item->spec;
	bool is_open = spec->kind == THROTTLE_WINDOW && session->window_left_ns > 0;
	return json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:f, s:I, s:f}", "tag", item->tag,
			 "serial", (json_int_t)item->serial, "session",
			 key_json(&spec->session, &session->key), "count",
			 (json_int_t)(is_open ? session->window_passed : 0), "passed",
			 (json_int_t)session->passed, "over", (json_int_t)session->over,
			 "window_left", seconds(session->window_left_ns), "age",
			 (json_int_t)session->created_ago_s, "idle", seconds(session->used_ago_ns));
}
