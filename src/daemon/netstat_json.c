/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_json.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <stdlib.h>
#include <string.h>

#include "config/source.h"
#include "net/proto.h"
#include "rules/evaluation.h"
#include "util/alloc.h"

#define NS_PER_S 1e9
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What a column is taken from. */
struct listed {
	const struct netstat_row *row;
	const struct facts *facts;
	struct evaluation evaluation;
	uint64_t now_ns;
};

/* Command lines and paths may be any bytes: what is no UTF-8 becomes U+FFFD. */
static json_t *repaired(const char *value)
{
	size_t left = strlen(value), used = 0, length;
	char *text = xcalloc(left * strlen(REPLACEMENT) + 1, 1);
	for (; left; value += length, left -= length) {
		length = utf8_length(value, left);
		size_t kept = length ? length : strlen(REPLACEMENT);
		memcpy(text + used, length ? value : REPLACEMENT, kept);
		used += kept;
		length = length ? length : 1;
	}
	json_t *json = json_string(text);
	free(text);
	return json;
}

static json_t *text(const char *value)
{
	if (!value)
		return json_null();
	json_t *json = json_string(value);
	return json ? json : repaired(value);
}

static json_t *number(bool is_known, uint64_t value)
{
	return is_known ? json_integer((json_int_t)value) : json_null();
}

static json_t *attribute(struct listed *listed, enum attribute attribute)
{
	struct value value;
	char buffer[ADDR_TEXT_MAX];
	evaluation_get(&listed->evaluation, attribute, &value);
	switch (value.type) {
	case VALUE_NUMBER:
		return json_integer((json_int_t)value.number);
	case VALUE_ADDRESS:
		return json_string(addr_text(&value.addr, buffer));
	case VALUE_TEXT:
		return json_stringn(value.text, value.length);
	case VALUE_TEXTS:
	case VALUE_UNKNOWN:
		break;
	}
	return json_null();
}

static json_t *proto(struct listed *listed)
{
	char buffer[PROTO_TEXT_MAX];
	return json_string(proto_text(listed->row->packet.proto, buffer));
}

static json_t *dir(struct listed *listed)
{
	return json_string(direction_text(listed->row->direction));
}

static json_t *laddr(struct listed *listed)
{
	return attribute(listed, ATTR_LADDR);
}

static json_t *lport(struct listed *listed)
{
	return attribute(listed, ATTR_LPORT);
}

static json_t *raddr(struct listed *listed)
{
	return attribute(listed, ATTR_RADDR);
}

static json_t *rport(struct listed *listed)
{
	return attribute(listed, ATTR_RPORT);
}

static json_t *cc(struct listed *listed)
{
	return attribute(listed, ATTR_CC);
}

static json_t *class(struct listed *listed)
{
	return text(listed->facts->class);
}

static json_t *rule(struct listed *listed)
{
	return text(listed->facts->rule);
}

static json_t *verdict(struct listed *listed)
{
	const struct outcome *outcome = listed->row->outcome;
	if (outcome && !outcome_has_class(outcome))
		return json_string(outcome->kind == OUTCOME_DROP ? "drop" : "reject");
	return json_string(outcome || listed->row->exempt ? "accept" : "undecided");
}

static json_t *exempt(struct listed *listed)
{
	return text(listed->row->exempt);
}

static json_t *mark(struct listed *listed)
{
	return json_sprintf("0x%08x", listed->row->connection.mark);
}

static json_t *zone(struct listed *listed)
{
	return json_integer(listed->row->connection.zone);
}

static json_t *answered(struct listed *listed)
{
	return json_boolean(listed->row->connection.status & IPS_SEEN_REPLY);
}

/* Where in the kernel's figures what comes in is, as the local end sees it. */
static unsigned incoming(const struct listed *listed)
{
	return listed->facts->source_is_local ? 1 : 0;
}

static json_t *sum(struct listed *listed, const uint64_t *figures)
{
	return number(listed->row->connection.has_counters, figures[0] + figures[1]);
}

static json_t *one(struct listed *listed, const uint64_t *figures, unsigned way)
{
	return number(listed->row->connection.has_counters, figures[way]);
}

static json_t *bytes(struct listed *listed)
{
	return sum(listed, listed->row->connection.bytes);
}

static json_t *packets(struct listed *listed)
{
	return sum(listed, listed->row->connection.packets);
}

static json_t *bytes_in(struct listed *listed)
{
	return one(listed, listed->row->connection.bytes, incoming(listed));
}

static json_t *bytes_out(struct listed *listed)
{
	return one(listed, listed->row->connection.bytes, 1 - incoming(listed));
}

static json_t *packets_in(struct listed *listed)
{
	return one(listed, listed->row->connection.packets, incoming(listed));
}

static json_t *packets_out(struct listed *listed)
{
	return one(listed, listed->row->connection.packets, 1 - incoming(listed));
}

static json_t *rate_bps(struct listed *listed)
{
	return listed->row->has_rate ? json_real(listed->row->rate_bps) : json_null();
}

static json_t *age(struct listed *listed)
{
	uint64_t started_ns = listed->row->connection.started_ns;
	if (started_ns == 0)
		return json_null();
	return json_real(
		listed->now_ns > started_ns ? (double)(listed->now_ns - started_ns) / NS_PER_S : 0);
}

static const struct {
	const char *key;
	json_t *(*value)(struct listed *listed);
} columns[] = {
	{"proto", proto},
	{"dir", dir},
	{"laddr", laddr},
	{"lport", lport},
	{"raddr", raddr},
	{"rport", rport},
	{"cc", cc},
	{"class", class},
	{"rule", rule},
	{"verdict", verdict},
	{"exempt", exempt},
	{"mark", mark},
	{"zone", zone},
	{"answered", answered},
	{"bytes", bytes},
	{"packets", packets},
	{"bytes_in", bytes_in},
	{"bytes_out", bytes_out},
	{"packets_in", packets_in},
	{"packets_out", packets_out},
	{"rate_bps", rate_bps},
	{"age", age},
};

json_t *netstat_keys(void)
{
	json_t *keys = json_array();
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		json_array_append_new(keys, json_string(columns[i].key));
	json_array_append_new(keys, json_string("owner"));
	return keys;
}

json_t *netstat_values(const struct netstat_row *row, const struct facts *facts, uint64_t now_ns,
		       json_t *owner)
{
	struct listed listed = {
		.row = row,
		.facts = facts,
		.evaluation = evaluation_of(facts),
		.now_ns = now_ns,
	};
	json_t *values = json_array();
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		json_array_append_new(values, columns[i].value(&listed));
	json_array_append_new(values, owner);
	return values;
}

static json_t *args(const struct owner *owner)
{
	if (!owner->cmd)
		return json_null();
	json_t *list = json_array();
	for (size_t i = 0; i < owner->n_args; i++)
		json_array_append_new(list, text(owner->args[i]));
	return list;
}

json_t *netstat_owner_keys(void)
{
	return json_pack("[s,s,s,s,s,s,s,s,s]", "user", "uid", "group", "pid", "cmd", "args", "exe",
			 "cgroup", "unit");
}

json_t *netstat_owner_values(const struct owner *owner)
{
	return json_pack("[o,o,o,o,o,o,o,o,o]", text(owner->user),
			 number(owner->has_uid, owner->uid), text(owner->group),
			 number(owner->has_pid, owner->pid), text(owner->cmd), args(owner),
			 text(owner->exe), text(owner->cgroup), text(owner->unit));
}
