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
#include "rules/geo.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* True where the address is one of this host's own. */
static bool is_own(const struct addr *addr)
{
	struct ifaddrs *list;
	bool found = false;
	if (getifaddrs(&list))
		return false;
	for (struct ifaddrs *item = list; item && !found; item = item->ifa_next) {
		const struct sockaddr *address = item->ifa_addr;
		if (!address || address->sa_family != addr->family)
			continue;
		const void *bytes =
			address->sa_family == AF_INET
				? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				: &((const struct sockaddr_in6 *)address)->sin6_addr;
		found = memcmp(bytes, addr->bytes, addr_size(addr)) == 0;
	}
	freeifaddrs(list);
	return found;
}

static int read_direction(const char *value, struct packet_arg *arg)
{
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

static int read_country(const char *value, struct packet_arg *arg)
{
	if (strlen(value) != 2 || !country_name(value))
		return cli_usage("cc= takes the two capital letters of a country, not `%s`", value);
	arg->cc = value;
	return EXIT_DONE;
}

static int read_length(const char *value, struct packet_arg *arg)
{
	uint64_t length;
	if (text_to_u64(value, UINT32_MAX, &length))
		return cli_usage("length= takes a number of bytes, not `%s`", value);
	arg->packet.length = (uint32_t)length;
	arg->has_length = true;
	return EXIT_DONE;
}

static int read_dscp(const char *value, struct packet_arg *arg)
{
	uint64_t dscp;
	if (text_to_u64(value, 63, &dscp))
		return cli_usage("dscp= takes a number from 0 to 63, not `%s`", value);
	arg->packet.dscp = (uint8_t)dscp;
	arg->has_dscp = true;
	return EXIT_DONE;
}

static int unknown_key(const char *key)
{
	static const char *const now[] = {"dir", "iif", "oif", "cc", "length", "dscp"};
	static const char *const later[] = {"user", "pid", "cmd", "args", "time"};
	const char *nearest = text_nearest(key, now, COUNT(now));
	for (size_t i = 0; i < COUNT(later); i++)
		if (strcmp(key, later[i]) == 0)
			return cli_usage("`%s=` is not available in this version yet", key);
	if (nearest)
		return cli_usage("unknown key `%s`; did you mean `%s`?", key, nearest);
	return cli_usage("unknown key `%s`; the keys are dir, iif, oif, cc, length, dscp", key);
}

static int read_key(char *argument, struct packet_arg *arg, bool *has_direction)
{
	char *value = strchr(argument, '=');
	if (!value)
		return cli_usage("`%s` is not KEY=VALUE", argument);
	*value++ = '\0';
	if (strcmp(argument, "dir") == 0) {
		*has_direction = true;
		return read_direction(value, arg);
	}
	if (strcmp(argument, "iif") == 0)
		return read_interface("iif", value, &arg->origin.iif);
	if (strcmp(argument, "oif") == 0)
		return read_interface("oif", value, &arg->origin.oif);
	if (strcmp(argument, "cc") == 0)
		return read_country(value, arg);
	if (strcmp(argument, "length") == 0)
		return read_length(value, arg);
	if (strcmp(argument, "dscp") == 0)
		return read_dscp(value, arg);
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
	bool has_direction = false;
	if (argc < 3)
		return cli_usage("`explain` takes PROTO SRC[:PORT] DST[:PORT] [KEY=VALUE …]");
	if (read_ends(argv, &arg))
		return EXIT_USAGE;
	for (int i = 3; i < argc; i++)
		if (read_key(argv[i], &arg, &has_direction))
			return EXIT_USAGE;
	if (!has_direction && is_own(&arg.packet.src))
		arg.origin.direction = DIRECTION_OUT;
	else if (!has_direction && is_own(&arg.packet.dst))
		arg.origin.direction = DIRECTION_IN;
	*ret_arg = arg;
	return EXIT_DONE;
}

static uint64_t bit(enum attribute attribute)
{
	return UINT64_C(1) << attribute;
}

struct facts packet_arg_facts(const struct packet_arg *arg, const struct snapshot *snapshot)
{
	struct facts facts = decide_facts(snapshot, &arg->packet, &arg->origin);
	facts.cc = arg->cc;
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
	return facts;
}
