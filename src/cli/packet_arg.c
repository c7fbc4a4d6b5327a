/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/packet_arg.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/cli.h"
#include "net/proto.h"
#include "rules/attribute.h"
#include "rules/geo.h"
#include "rules/icmp.h"
#include "rules/literal.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How an address stands to those of this host. */
struct standing {
	bool is_own;
	bool is_broadcast; /* of a network that this host is in */
};

static bool is_address(const struct sockaddr *address, const struct addr *addr)
{
	if (!address || address->sa_family != addr->family)
		return false;
	const void *bytes = address->sa_family == AF_INET
				    ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				    : &((const struct sockaddr_in6 *)address)->sin6_addr;
	return memcmp(bytes, addr->bytes, addr_size(addr)) == 0;
}

static struct standing standing_of(const struct addr *addr)
{
	struct standing standing = {0};
	struct ifaddrs *list;
	if (getifaddrs(&list))
		return standing;
	for (struct ifaddrs *item = list; item; item = item->ifa_next) {
		standing.is_own |= is_address(item->ifa_addr, addr);
		standing.is_broadcast |=
			(item->ifa_flags & IFF_BROADCAST) && is_address(item->ifa_broadaddr, addr);
	}
	freeifaddrs(list);
	return standing;
}

/* What only this host's addresses tell: the direction, and what the table exempts by them. */
static void place(struct packet_arg *arg)
{
	struct standing src = standing_of(&arg->packet.src), dst = standing_of(&arg->packet.dst);
	if (!arg->has_direction && src.is_own)
		arg->origin.direction = DIRECTION_OUT;
	else if (!arg->has_direction && dst.is_own)
		arg->origin.direction = DIRECTION_IN;
	if (src.is_own && dst.is_own)
		arg->exemption = "traffic between addresses of this host is never judged";
	else if (dst.is_broadcast && !dst.is_own)
		arg->exemption = "broadcast is never judged";
}

static int read_direction(char *value, struct packet_arg *arg)
{
	arg->has_direction = true;
	for (int i = 0; i < DIRECTION_COUNT; i++) {
		if (strcmp(value, direction_text((enum direction)i)) == 0) {
			arg->origin.direction = (enum direction)i;
			return EXIT_DONE;
		}
	}
	return cli_usage("dir= is one of in, out, forward; not `%s`", value);
}

static int read_interface(const char *key, const char *value, const char **ret_name)
{
	if (!*value || strlen(value) >= IFNAMSIZ)
		return cli_usage("%s= takes the name of an interface, not `%s`", key, value);
	*ret_name = value;
	return EXIT_DONE;
}

static int read_iif(char *value, struct packet_arg *arg)
{
	return read_interface("iif", value, &arg->origin.iif);
}

static int read_oif(char *value, struct packet_arg *arg)
{
	return read_interface("oif", value, &arg->origin.oif);
}

static int read_country(char *value, struct packet_arg *arg)
{
	if (strlen(value) != 2 || !country_name(value))
		return cli_usage("cc= takes the two capital letters of a country, not `%s`", value);
	arg->cc = value;
	return EXIT_DONE;
}

/* Reads a number as an expression would write it. */
static int read_number(enum attribute attribute, char *text, uint64_t *ret_number)
{
	const struct attribute_info *info = attribute_info(attribute);
	struct expr_value value = {.text = text, .length = strlen(text)};
	struct fault fault = {0};
	int status = EXIT_DONE;
	if (literal_number(info, &value, ret_number, &fault))
		status = cli_usage("%s=: %s", info->name, fault.message);
	fault_fini(&fault);
	return status;
}

static int read_length(char *value, struct packet_arg *arg)
{
	uint64_t length = 0;
	int status = read_number(ATTR_LENGTH, value, &length);
	arg->packet.length = (uint32_t)length;
	arg->has_length = true;
	return status;
}

static int read_dscp(char *value, struct packet_arg *arg)
{
	uint64_t dscp = 0;
	int status = read_number(ATTR_DSCP, value, &dscp);
	arg->packet.dscp = (uint8_t)dscp;
	arg->has_dscp = true;
	return status;
}

static int read_mark(char *value, struct packet_arg *arg)
{
	uint64_t mark = 0;
	int status = read_number(ATTR_MARK, value, &mark);
	arg->mark = (uint32_t)mark;
	arg->has_mark = true;
	return status;
}

/* A number, or a name as the protocol that was given has it. */
static int read_icmp_type(char *value, struct packet_arg *arg)
{
	uint8_t proto = arg->packet.proto;
	uint64_t number = 0, named[2];
	if (proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6)
		return cli_usage("icmp-type= goes with the protocols icmp and icmpv6 only");
	size_t n_named = icmp_type_find(value, named);
	for (size_t i = 0; i < n_named; i++) {
		if (icmp_type_number(proto, (uint8_t)named[i]) == named[i]) {
			arg->packet.icmp_type = (uint8_t)named[i];
			arg->packet.has_icmp = true;
			return EXIT_DONE;
		}
	}
	if (n_named)
		return cli_usage("icmp-type=: `%s` is a type of the other of icmp and icmpv6",
				 value);
	int status = read_number(ATTR_ICMP_TYPE, value, &number);
	arg->packet.icmp_type = (uint8_t)number;
	arg->packet.has_icmp = true;
	return status;
}

/* `22:30`, `sat` or `sat-22:30`. */
static int read_time(char *value, struct packet_arg *arg)
{
	uint64_t minute = 0, weekday = 0;
	char *dash = strchr(value, '-');
	char *time = dash ? dash + 1 : strchr(value, ':') ? value : NULL;
	char *day = dash || !time ? value : NULL;
	if (dash)
		*dash = '\0';
	if (day && read_number(ATTR_WEEKDAY, day, &weekday))
		return EXIT_USAGE;
	if (time && read_number(ATTR_TIME, time, &minute))
		return EXIT_USAGE;
	arg->now = (struct local_time){
		.has_minute = time != NULL,
		.has_weekday = day != NULL,
		.minute = (uint16_t)minute,
		.weekday = (uint8_t)weekday,
	};
	return EXIT_DONE;
}

static const struct {
	const char *name;
	int (*read)(char *value, struct packet_arg *arg);
} keys[] = {
	{"dir", read_direction}, {"iif", read_iif},
	{"oif", read_oif},       {"cc", read_country},
	{"length", read_length}, {"dscp", read_dscp},
	{"mark", read_mark},     {"icmp-type", read_icmp_type},
	{"time", read_time},
};

/* The keys of the owner are the attributes that need one. */
static bool find_owner_key(const char *key, enum attribute *ret_attribute)
{
	return attribute_find(key, strlen(key), ret_attribute) &&
	       attribute_info(*ret_attribute)->level > OWNER_NOTHING;
}

static int unknown_key(const char *key)
{
	const char *names[COUNT(keys) + ATTR_COUNT];
	size_t count = 0;
	for (; count < COUNT(keys); count++)
		names[count] = keys[count].name;
	for (unsigned i = 0; i < ATTR_COUNT; i++)
		if (attribute_info((enum attribute)i)->level > OWNER_NOTHING)
			names[count++] = attribute_info((enum attribute)i)->name;
	const char *nearest = text_nearest(key, names, count);
	if (strcmp(key, "weekday") == 0)
		return cli_usage(
			"the day of the week goes with the time: time=sat or time=sat-22:30");
	if (nearest)
		return cli_usage("unknown key `%s`; did you mean `%s`?", key, nearest);
	return cli_usage("unknown key `%s`; the keys are dir, iif, oif, cc, length, dscp, mark, "
			 "icmp-type, time; and user, uid, group, gid, pid, cmd, args, exe, cgroup, "
			 "unit",
			 key);
}

static int read_key(char *argument, struct packet_arg *arg)
{
	enum attribute attribute;
	char *value = strchr(argument, '=');
	if (!value)
		return cli_usage("`%s` is not KEY=VALUE", argument);
	*value++ = '\0';
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(argument, keys[i].name) == 0)
			return keys[i].read(value, arg);
	if (find_owner_key(argument, &attribute))
		return owner_arg_take(&arg->owner, attribute, value);
	return unknown_key(argument);
}

static int read_end(const char *text, struct addr *addr, bool *has_port, uint16_t *port)
{
	if (addr_port_parse(text, addr, has_port, port))
		return cli_usage(
			"`%s` is no address: write 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or "
			"[2001:db8::1]:80",
			text);
	return EXIT_DONE;
}

static int read_ends(char **argv, struct packet_arg *arg)
{
	struct packet *packet = &arg->packet;
	int error = proto_parse(argv[0], &packet->proto);
	if (error)
		return cli_usage(
			"`%s` is no protocol: write tcp, udp, icmp, … or a number up to 255",
			argv[0]);
	if (read_end(argv[1], &packet->src, &arg->has_sport, &packet->sport) ||
	    read_end(argv[2], &packet->dst, &arg->has_dport, &packet->dport))
		return EXIT_USAGE;
	if (packet->src.family != packet->dst.family)
		return cli_usage("%s and %s are not of one address family", argv[1], argv[2]);
	if ((arg->has_sport || arg->has_dport) && !proto_has_ports(packet->proto))
		return cli_usage("protocol %s has no ports", argv[0]);
	packet->has_ports = arg->has_sport || arg->has_dport;
	return EXIT_DONE;
}

int packet_arg_read(int argc, char **argv, struct packet_arg *ret_arg)
{
	struct packet_arg arg = {.origin.direction = DIRECTION_FORWARD};
	int status = EXIT_DONE;
	if (argc < 3)
		return cli_usage("`explain` takes PROTO SRC[:PORT] DST[:PORT] [KEY=VALUE …]");
	if (read_ends(argv, &arg))
		return EXIT_USAGE;
	for (int i = 3; i < argc && !status; i++)
		status = read_key(argv[i], &arg);
	if (!status && arg.owner.told && arg.has_direction &&
	    arg.origin.direction == DIRECTION_FORWARD)
		status = cli_usage("a forwarded packet has no owner: tell of one with dir=in or "
				   "dir=out");
	if (status) {
		packet_arg_fini(&arg);
		return status;
	}
	owner_arg_complete(&arg.owner);
	place(&arg);
	*ret_arg = arg;
	return EXIT_DONE;
}

void packet_arg_fini(struct packet_arg *arg)
{
	owner_arg_fini(&arg->owner);
}

static uint64_t bit(enum attribute attribute)
{
	return UINT64_C(1) << attribute;
}

/* An owner has the local end, which is this host's then. */
static struct facts place_owner(const struct packet_arg *arg, const struct snapshot *snapshot)
{
	struct facts facts = decide_facts(snapshot, &arg->packet, &arg->origin);
	struct packet_origin origin = arg->origin;
	if (!arg->owner.told)
		return facts;
	if (facts.direction == DIRECTION_FORWARD) {
		origin.direction = facts.source_is_local ? DIRECTION_OUT : DIRECTION_IN;
		facts = decide_facts(snapshot, &arg->packet, &origin);
	}
	facts.owner = &arg->owner.owner;
	if (!(arg->owner.told & bit(ATTR_ARGS)))
		facts.untold |= bit(ATTR_ARGS);
	return facts;
}

struct facts packet_arg_facts(const struct packet_arg *arg, const struct snapshot *snapshot)
{
	struct facts facts = place_owner(arg, snapshot);
	facts.cc = arg->cc;
	facts.mark = arg->mark;
	facts.now = arg->now;
	if (!arg->has_sport)
		facts.untold |=
			bit(ATTR_SPORT) | bit(facts.source_is_local ? ATTR_LPORT : ATTR_RPORT);
	if (!arg->has_dport)
		facts.untold |=
			bit(ATTR_DPORT) | bit(facts.source_is_local ? ATTR_RPORT : ATTR_LPORT);
	if (!arg->has_length)
		facts.untold |= bit(ATTR_LENGTH);
	if (!arg->has_dscp)
		facts.untold |= bit(ATTR_DSCP);
	if (!arg->has_mark)
		facts.untold |= bit(ATTR_MARK);
	return facts;
}
