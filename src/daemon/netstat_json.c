/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_json.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <time.h>

#include "net/proto.h"
#include "nfshaper/mark.h"
#include "rules/evaluation.h"

#define NS_PER_S 1e9

const struct outcome *netstat_outcome(const struct plan *plan, uint32_t mark)
{
	uint32_t id = (mark & plan->mark_mask) >> nfshaper_mask_shift(plan->mark_mask);
	for (size_t i = 0; i < plan->ids.count; i++)
		if (plan->ids.items[i].id == id && plan->ids.items[i].kind != OUTCOME_CALL)
			return &plan->ids.items[i];
	return NULL;
}

const char *netstat_class(const struct outcome *outcome)
{
	return outcome && outcome_has_class(outcome) ? outcome->name : NULL;
}

static const char *verdict_text(const struct outcome *outcome)
{
	if (!outcome)
		return "undecided";
	switch (outcome->kind) {
	case OUTCOME_DROP:
		return "drop";
	case OUTCOME_REJECT:
		return "reject";
	case OUTCOME_CLASS:
	case OUTCOME_QUEUED:
	case OUTCOME_CALL:
		break;
	}
	return "accept";
}

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

static json_t *text(const char *value)
{
	return value ? json_string(value) : json_null();
}

/* The attribute as a number or a text; bytes that are no UTF-8 make it unknown. */
static void put_attribute(json_t *object, const char *key, const struct facts *facts,
			  enum attribute attribute)
{
	struct value value;
	char buffer[ADDR_TEXT_MAX];
	struct evaluation evaluation = evaluation_of(facts);
	evaluation_get(&evaluation, attribute, &value);
	switch (value.type) {
	case VALUE_NUMBER:
		put(object, key, json_integer((json_int_t)value.number));
		break;
	case VALUE_ADDRESS:
		put(object, key, json_string(addr_text(&value.addr, buffer)));
		break;
	case VALUE_TEXT:
		put(object, key, json_stringn(value.text, value.length));
		break;
	default:
		put(object, key, json_null());
		break;
	}
}

static void put_owner(json_t *object, const struct owner *owner)
{
	put(object, "user", text(owner->user));
	put(object, "uid", owner->has_uid ? json_integer(owner->uid) : json_null());
	put(object, "group", text(owner->group));
	put(object, "pid", owner->has_pid ? json_integer(owner->pid) : json_null());
	put(object, "cmd", text(owner->cmd));
	json_t *args = owner->has_pid ? json_array() : json_null();
	for (size_t i = 0; i < owner->n_args; i++)
		json_array_append_new(args, text(owner->args[i]));
	put(object, "args", args);
	put(object, "exe", text(owner->exe));
	put(object, "cgroup", text(owner->cgroup));
	put(object, "unit", text(owner->unit));
}

static json_t *count(const struct connection *connection, const uint64_t *figures, int which)
{
	if (!connection->has_counters)
		return json_null();
	return json_integer((json_int_t)(which < 0 ? figures[0] + figures[1] : figures[which]));
}

/* `in` and `out` as the local end sees it. */
static void put_traffic(json_t *object, const struct netstat_row *row, const struct facts *facts)
{
	const struct connection *connection = &row->connection;
	int out = facts->source_is_local ? 0 : 1;
	put(object, "bytes", count(connection, connection->bytes, -1));
	put(object, "packets", count(connection, connection->packets, -1));
	put(object, "bytes_in", count(connection, connection->bytes, 1 - out));
	put(object, "bytes_out", count(connection, connection->bytes, out));
	put(object, "packets_in", count(connection, connection->packets, 1 - out));
	put(object, "packets_out", count(connection, connection->packets, out));
	put(object, "rate_bps", row->has_rate ? json_real(row->rate_bps) : json_null());
}

static json_t *age(const struct connection *connection)
{
	struct timespec now;
	if (connection->started_ns == 0)
		return json_null();
	clock_gettime(CLOCK_REALTIME, &now);
	double seconds = (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S -
			 (double)connection->started_ns / NS_PER_S;
	return json_real(seconds > 0 ? seconds : 0);
}

json_t *netstat_json(const struct netstat_row *row, const struct facts *facts,
		     const struct plan *plan)
{
	static const struct owner nobody = {.level = OWNER_PROCESS};
	const struct connection *connection = &row->connection;
	const struct outcome *outcome = netstat_outcome(plan, connection->mark);
	char proto[PROTO_TEXT_MAX];
	json_t *object = json_object();
	put(object, "proto", json_string(proto_text(row->packet.proto, proto)));
	put(object, "dir", json_string(direction_text(row->direction)));
	put_attribute(object, "laddr", facts, ATTR_LADDR);
	put_attribute(object, "lport", facts, ATTR_LPORT);
	put_attribute(object, "raddr", facts, ATTR_RADDR);
	put_attribute(object, "rport", facts, ATTR_RPORT);
	put_attribute(object, "cc", facts, ATTR_CC);
	put_owner(object, facts->owner ? facts->owner : &nobody);
	put(object, "class", text(netstat_class(outcome)));
	put(object, "rule", text(facts->rule));
	put(object, "verdict", json_string(verdict_text(outcome)));
	put(object, "mark", json_sprintf("0x%08x", connection->mark));
	put(object, "zone", json_integer(connection->zone));
	put(object, "answered", json_boolean(connection->status & IPS_SEEN_REPLY));
	put_traffic(object, row, facts);
	put(object, "age", age(connection));
	return object;
}
