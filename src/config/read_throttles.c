/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/read.h"
#include "config/session_field.h"
#include "config/throttle_limit.h"
#include "config/values.h"
#include "util/alloc.h"
#include "util/text.h"

/* Shorter bursts let no full Ethernet frame pass, ever. */
#define BURST_USEFUL_BYTES 1500
#define FIELD(name) offsetof(struct config_throttle, name)

static void read_limit(struct reader *reader, const char *key, const struct node *value,
		       void *field)
{
	struct config_limit *limit = field;
	char *problem = throttle_limit_parse(value->text, &limit->packets, &limit->span_s);
	if (problem)
		report_error(reader->diags, value->at, "`%s`: %s", key, problem);
	free(problem);
}

/* One field of a session; false, and reported, where it is none or there already. */
static bool add_field(struct reader *reader, const char *key, const struct node *value,
		      uint32_t *fields)
{
	size_t position;
	if (!value_word(reader, key, value, session_field_names, SESSION_FIELD_COUNT, &position))
		return false;
	if (*fields & SESSION_BIT(position)) {
		report_error(reader->diags, value->at, "`%s` names `%s` twice", key, value->text);
		return false;
	}
	*fields |= SESSION_BIT(position);
	return true;
}

/* One field alone, or `none`. */
static bool read_single_field(struct reader *reader, const char *key, const struct node *value,
			      uint32_t *fields)
{
	const char *words[SESSION_FIELD_COUNT + 1];
	size_t position;
	for (size_t i = 0; i < SESSION_FIELD_COUNT; i++)
		words[i] = session_field_names[i];
	words[SESSION_FIELD_COUNT] = "none";
	if (!value_word(reader, key, value, words, SESSION_FIELD_COUNT + 1, &position))
		return false;
	*fields = position < SESSION_FIELD_COUNT ? SESSION_BIT(position) : SESSION_NONE;
	return true;
}

static bool read_fields(struct reader *reader, const char *key, const struct node *list,
			uint32_t *fields)
{
	bool is_right = list->count > 0;
	if (list->count == 0)
		report_error(reader->diags, list->at,
			     "`%s` is empty: write none for one session of all packets", key);
	for (size_t i = 0; i < list->count; i++)
		is_right &= schema_check_kind(reader, key, list->items[i], SCHEMA_TEXT,
					      "a field, such as saddr") &&
			    add_field(reader, key, list->items[i], fields);
	return is_right;
}

static void read_session(struct reader *reader, const char *key, const struct node *value,
			 void *field)
{
	uint32_t fields = SESSION_NONE;
	if (value->kind == NODE_TEXT ? read_single_field(reader, key, value, &fields)
				     : read_fields(reader, key, value, &fields))
		*(uint32_t *)field = fields;
}

static void read_mask(struct reader *reader, const char *key, const struct node *value, void *field)
{
	uint64_t mask;
	if (text_to_u64(value->text, UINT32_MAX, &mask))
		report_error(reader->diags, value->at,
			     "`%s` is `%s`: write 32 bits, such as 0x0000ffff (the destination "
			     "port)",
			     key, SHOWN(value->text));
	else
		*(uint32_t *)field = (uint32_t)mask;
}

static void read_count(struct reader *reader, const char *key, const struct node *value,
		       void *field)
{
	static const char *const words[] = {"packets", "connections"};
	size_t position;
	if (value_word(reader, key, value, words, 2, &position))
		*(bool *)field = position == 1;
}

static void read_over(struct reader *reader, const char *key, const struct node *value, void *field)
{
	static const char *const words[] = {"drop", "reject"};
	size_t position;
	if (value_word(reader, key, value, words, 2, &position))
		*(enum config_action *)field = position == 0 ? ACTION_DROP : ACTION_REJECT;
}

static void read_max(struct reader *reader, const char *key, const struct node *value, void *field)
{
	uint64_t number;
	if (value_number(reader, key, value, 1, THROTTLE_SESSIONS_MAX, &number))
		*(uint32_t *)field = (uint32_t)number;
}

static void read_burst(struct reader *reader, const char *key, const struct node *value,
		       void *field)
{
	uint64_t *bytes = field;
	size_t errors = reader->diags->errors;
	value_size(reader, key, value, bytes);
	if (reader->diags->errors != errors)
		return;
	if (*bytes == 0)
		report_error(reader->diags, value->at, "`%s` is 0: nothing would ever pass", key);
	else if (*bytes > THROTTLE_BURST_MAX_BYTES)
		report_error(reader->diags, value->at, "`%s` is too large: write at most %lluMB",
			     key, THROTTLE_BURST_MAX_BYTES / 1000000);
	else if (*bytes < BURST_USEFUL_BYTES)
		diag_warning(reader->diags, value->at,
			     "packets longer than the `%s` of %llu bytes never pass; full-sized "
			     "ones have %d",
			     key, (unsigned long long)*bytes, BURST_USEFUL_BYTES);
}

static void read_expire(struct reader *reader, const char *key, const struct node *value,
			void *field)
{
	size_t errors = reader->diags->errors;
	value_duration(reader, key, value, field);
	if (reader->diags->errors == errors && *(uint64_t *)field == 0)
		report_error(reader->diags, value->at,
			     "`%s` is 0: no session would be remembered; write such as 1h", key);
}

static const struct schema_key keys[] = {
	SCHEMA_KEY("limit", SCHEMA_TEXT, "packets/seconds, such as 25/60", read_limit,
		   FIELD(limit)),
	SCHEMA_KEY("rate", SCHEMA_TEXT, "a rate, such as 2mbit", value_line_rate, FIELD(rate_bps)),
	SCHEMA_KEY("burst", SCHEMA_TEXT, "a size, such as 64kB", read_burst, FIELD(burst_bytes)),
	SCHEMA_KEY("session", SCHEMA_TEXT | SCHEMA_LIST, "fields, such as [saddr, daddr], or none",
		   read_session, FIELD(session)),
	SCHEMA_KEY("mask", SCHEMA_TEXT, "32 bits, such as 0x0000ffff", read_mask, FIELD(mask)),
	SCHEMA_KEY("count", SCHEMA_TEXT, "packets or connections", read_count,
		   FIELD(count_connections)),
	SCHEMA_KEY("over", SCHEMA_TEXT, "drop or reject", read_over, FIELD(over)),
	SCHEMA_KEY("max", SCHEMA_TEXT, "a number of sessions, such as 50000", read_max, FIELD(max)),
	SCHEMA_KEY("expire", SCHEMA_TEXT, "a duration, such as 1m30s", read_expire,
		   FIELD(expire_s)),
	SCHEMA_KEY("buckets", SCHEMA_TEXT, "a number, such as 9977", read_max, FIELD(buckets)),
};

static const struct schema schema = SCHEMA("a throttle", keys);

/* What only several keys together show. */
static void check_kind(struct reader *reader, const struct node *name, const struct node *map)
{
	const struct node *limit = node_get(map, "limit"), *rate = node_get(map, "rate");
	const struct node *burst = node_get(map, "burst"), *count = node_get(map, "count");
	if (limit && rate)
		report_error(reader->diags, rate->at,
			     "throttle `%s` has both `limit` and `rate`: keep one of them",
			     SHOWN(name->text));
	else if (!limit && !rate)
		report_error(reader->diags, name->at,
			     "throttle `%s` has no limit: write packets/seconds, such as "
			     "`limit: 25/60`, or a token bucket, such as `rate: 2mbit, "
			     "burst: 64kB`",
			     SHOWN(name->text));
	else if (rate && !burst)
		report_error(reader->diags, rate->at,
			     "throttle `%s` has a `rate` and no `burst`: write the bytes that may "
			     "pass at once, such as `burst: 64kB`",
			     SHOWN(name->text));
	else if (burst && !rate)
		report_error(reader->diags, burst->at,
			     "throttle `%s` has a `burst`, which belongs to a `rate`, not to a "
			     "`limit`",
			     SHOWN(name->text));
	else if (rate && count && count->kind == NODE_TEXT &&
		 strcmp(count->text, "connections") == 0)
		report_error(reader->diags, count->at,
			     "throttle `%s`: a `rate` counts the bytes of packets; connections "
			     "are counted by a `limit`",
			     SHOWN(name->text));
}

/* Sessions live as long as the file says, or by default, but for a whole window. */
static void settle_expire(struct reader *reader, const struct node *map,
			  struct config_throttle *throttle)
{
	uint64_t span_s = throttle->limit.span_s;
	if (throttle->expire_s == 0)
		throttle->expire_s = span_s > CONFIG_THROTTLE_EXPIRE_DEFAULT_S
					     ? span_s
					     : CONFIG_THROTTLE_EXPIRE_DEFAULT_S;
	else if (throttle->expire_s < span_s)
		report_error(reader->diags, node_get(map, "expire")->at,
			     "`expire` is shorter than the window of `limit`: sessions would be "
			     "forgotten before it ends; write at least %llu",
			     (unsigned long long)span_s);
}

static void read_throttle(struct reader *reader, const struct node *name, const struct node *value,
			  struct config_throttle *throttle)
{
	char *problem = throttle_tag_problem(name->text);
	if (problem)
		report_error(reader->diags, name->at, "%s", problem);
	free(problem);
	*throttle = (struct config_throttle){
		.tag = xstrdup(name->text),
		.at = name->at,
		.session = SESSION_DEFAULT,
		.over = ACTION_DROP,
		.max = CONFIG_THROTTLE_MAX_DEFAULT,
	};
	if (!schema_check_kind(reader, name->text, value, SCHEMA_MAP,
			       "the throttle as a map, such as {limit: 25/60}"))
		return;
	schema_read(reader, &schema, value, throttle);
	check_kind(reader, name, value);
	settle_expire(reader, value, throttle);
}

/* Tags name definitions of nft(8), which has no `-`. */
static void check_tags(struct reader *reader)
{
	const struct config *config = reader->config;
	struct names names = {0};
	char **calls = xcalloc(config->n_throttles, sizeof(*calls));
	for (size_t i = 0; i < config->n_throttles; i++) {
		calls[i] = throttle_call_name(config->throttles[i].tag);
		names_add(&names, calls[i], i);
	}
	names_sort(&names);
	for (size_t i = 1; i < names.count; i++) {
		const struct config_throttle *first =
			&config->throttles[names.items[i - 1].position];
		const struct config_throttle *throttle =
			&config->throttles[names.items[i].position];
		if (strcmp(names.items[i - 1].text, names.items[i].text) == 0)
			report_error(reader->diags, throttle->at,
				     "throttles `%s` and `%s` (%s) would have the same name "
				     "in nft, %s: rename one",
				     SHOWN(throttle->tag), SHOWN(first->tag),
				     PLACE_SHOWN(first->at, throttle->at),
				     SHOWN(names.items[i].text));
	}
	names_fini(&names);
	for (size_t i = 0; i < config->n_throttles; i++)
		free(calls[i]);
	free(calls);
}

void read_throttles(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	(void)key;
	config->throttles = xcalloc(value->count, sizeof(*config->throttles));
	for (; config->n_throttles < value->count; config->n_throttles++)
		read_throttle(reader, value->keys[config->n_throttles],
			      value->items[config->n_throttles],
			      &config->throttles[config->n_throttles]);
	check_tags(reader);
}
