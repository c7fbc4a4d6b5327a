/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/facts.h"

#include <string.h>

#include "rules/country.h"
#include "rules/evaluation.h"
#include "rules/icmp.h"

static const char *const directions[DIRECTION_COUNT] = {
	[DIRECTION_IN] = "in",
	[DIRECTION_OUT] = "out",
	[DIRECTION_FORWARD] = "forward",
};

const char *direction_text(enum direction direction)
{
	return directions[direction];
}

static void set_addr(struct value *value, const struct addr *addr)
{
	value->type = VALUE_ADDRESS;
	value->addr = *addr;
}

static void set_number(struct value *value, uint64_t number)
{
	value->type = VALUE_NUMBER;
	value->number = number;
}

static void set_text(struct value *value, const char *text, size_t length, uint64_t number)
{
	value->type = VALUE_TEXT;
	value->text = text;
	value->length = length;
	value->number = number;
}

static void set_port(struct value *value, const struct packet *packet, uint16_t port)
{
	if (packet->has_ports)
		set_number(value, port);
}

static void set_name(struct value *value, const char *name)
{
	if (name)
		set_text(value, name, strlen(name), 0);
}

static const struct addr *remote_addr(const struct facts *facts)
{
	return facts->source_is_local ? &facts->packet->dst : &facts->packet->src;
}

/* The country of the remote end, looked up the first time it is asked for. */
static const struct geo_country *remote_country(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	struct geo_country *country = &evaluation->country;
	if (!evaluation->has_looked_up) {
		evaluation->has_looked_up = true;
		if (facts->cc && strlen(facts->cc) == 2)
			*country = (struct geo_country){.cc = facts->cc, .cc_length = 2};
		else if (!facts->cc && facts->geo)
			geo_cache_lookup(facts->geo_cache, facts->geo, remote_addr(facts), country);
	}
	return country;
}

static void set_cc(struct value *value, const struct geo_country *country)
{
	if (country->cc)
		set_text(value, country->cc, country->cc_length, country_pack(country->cc));
}

/* The table's name is the one that rules are checked against; databases spell some otherwise. */
static void set_country(struct value *value, const struct geo_country *country)
{
	if (!country->cc)
		return;
	uint64_t number = country_pack(country->cc);
	const char *name = country_name_of(number);
	if (name)
		set_text(value, name, strlen(name), number);
	else if (country->name)
		set_text(value, country->name, country->name_length, number);
}

/* What the database says goes before our table, which cannot know a continent without country. */
static void set_continent(struct value *value, const struct geo_country *country)
{
	const char *code = country->continent;
	if (!code && country->cc)
		code = country_continent(country_pack(country->cc));
	if (code)
		set_text(value, code, 2, country_pack(code));
}

static void set_icmp_type(struct value *value, const struct packet *packet)
{
	if (packet->has_icmp)
		set_number(value, icmp_type_number(packet->proto, packet->icmp_type));
}

static void set_time(struct value *value, const struct local_time *now)
{
	if (now->has_minute)
		set_number(value, now->minute);
}

static void set_weekday(struct value *value, const struct local_time *now)
{
	if (now->has_weekday)
		set_number(value, now->weekday);
}

static void set_id(struct value *value, bool is_known, uint32_t id)
{
	if (is_known)
		set_number(value, id);
}

/* The owner, or one of whom nothing is known where that level is not looked up. */
static const struct owner *owner_up_to(const struct facts *facts, enum owner_level level)
{
	static const struct owner nobody;
	return facts->owner && facts->owner->level >= level ? facts->owner : &nobody;
}

/* The kernel tells the user of what goes out with the packet, before the owner is looked up. */
static void set_uid(struct value *value, const struct facts *facts)
{
	const struct owner *owner = owner_up_to(facts, OWNER_USER);
	set_id(value, owner->has_uid, owner->uid);
	if (owner->level == OWNER_NOTHING)
		set_id(value, facts->has_uid, facts->uid);
}

/* A process that is known by its command has a list of arguments, even if nothing is in it. */
static void set_args(struct value *value, const struct owner *owner)
{
	if (!owner->args && !owner->cmd)
		return;
	value->type = VALUE_TEXTS;
	value->texts = owner->args;
	value->length = owner->n_args;
}

static void get_of_owner(const struct facts *facts, enum attribute attribute,
			 struct value *ret_value)
{
	switch (attribute) {
	case ATTR_USER:
		return set_name(ret_value, owner_up_to(facts, OWNER_USER)->user);
	case ATTR_UID:
		return set_uid(ret_value, facts);
	case ATTR_GROUP:
		return set_name(ret_value, owner_up_to(facts, OWNER_USER)->group);
	case ATTR_GID:
		return set_id(ret_value, owner_up_to(facts, OWNER_USER)->has_gid,
			      owner_up_to(facts, OWNER_USER)->gid);
	case ATTR_CGROUP:
		return set_name(ret_value, owner_up_to(facts, OWNER_SOCKET)->cgroup);
	case ATTR_UNIT:
		return set_name(ret_value, owner_up_to(facts, OWNER_SOCKET)->unit);
	case ATTR_PID:
		return set_id(ret_value, owner_up_to(facts, OWNER_PROCESS)->has_pid,
			      owner_up_to(facts, OWNER_PROCESS)->pid);
	case ATTR_CMD:
		return set_name(ret_value, owner_up_to(facts, OWNER_PROCESS)->cmd);
	case ATTR_EXE:
		return set_name(ret_value, owner_up_to(facts, OWNER_PROCESS)->exe);
	case ATTR_ARGS:
		return set_args(ret_value, owner_up_to(facts, OWNER_PROCESS));
	default:
		break;
	}
}

void evaluation_get(struct evaluation *evaluation, enum attribute attribute,
		    struct value *ret_value)
{
	const struct facts *facts = evaluation->facts;
	const struct packet *packet = facts->packet;
	bool out = facts->source_is_local;
	ret_value->type = VALUE_UNKNOWN;
	if (facts->untold >> attribute & 1)
		return;
	switch (attribute) {
	case ATTR_RADDR:
		return set_addr(ret_value, remote_addr(facts));
	case ATTR_LADDR:
		return set_addr(ret_value, out ? &packet->src : &packet->dst);
	case ATTR_SADDR:
		return set_addr(ret_value, &packet->src);
	case ATTR_DADDR:
		return set_addr(ret_value, &packet->dst);
	case ATTR_RPORT:
		return set_port(ret_value, packet, out ? packet->dport : packet->sport);
	case ATTR_LPORT:
		return set_port(ret_value, packet, out ? packet->sport : packet->dport);
	case ATTR_SPORT:
		return set_port(ret_value, packet, packet->sport);
	case ATTR_DPORT:
		return set_port(ret_value, packet, packet->dport);
	case ATTR_PROTO:
		return set_number(ret_value, packet->proto);
	case ATTR_DIR:
		return set_text(ret_value, directions[facts->direction],
				strlen(directions[facts->direction]), facts->direction);
	case ATTR_IIF:
		return set_name(ret_value, facts->iif);
	case ATTR_OIF:
		return set_name(ret_value, facts->oif);
	case ATTR_CC:
		return set_cc(ret_value, remote_country(evaluation));
	case ATTR_COUNTRY:
		return set_country(ret_value, remote_country(evaluation));
	case ATTR_DSCP:
		return set_number(ret_value, packet->dscp);
	case ATTR_LENGTH:
		return set_number(ret_value, packet->length);
	case ATTR_CONTINENT:
		return set_continent(ret_value, remote_country(evaluation));
	case ATTR_ICMP_TYPE:
		return set_icmp_type(ret_value, packet);
	case ATTR_MARK:
		return set_number(ret_value, facts->mark);
	case ATTR_TIME:
		return set_time(ret_value, &facts->now);
	case ATTR_WEEKDAY:
		return set_weekday(ret_value, &facts->now);
	case ATTR_CLASS:
		return set_name(ret_value, facts->class);
	case ATTR_RULE:
		return set_name(ret_value, facts->rule);
	case ATTR_USER:
	case ATTR_UID:
	case ATTR_GROUP:
	case ATTR_GID:
	case ATTR_CGROUP:
	case ATTR_UNIT:
	case ATTR_PID:
	case ATTR_CMD:
	case ATTR_EXE:
	case ATTR_ARGS:
		return get_of_owner(facts, attribute, ret_value);
	case ATTR_COUNT:
		break;
	}
}

void facts_get(const struct facts *facts, enum attribute attribute, struct value *ret_value)
{
	struct evaluation evaluation = evaluation_of(facts);
	*ret_value = (struct value){.type = VALUE_UNKNOWN};
	evaluation_get(&evaluation, attribute, ret_value);
}
