/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_exempt.h"

/* Before the headers of the kernel, which then leave out what these have. */
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include "kernel/table_build.h"
#include "kernel/table_rule.h"
#include "kernel/table_throttle.h"

#define EXEMPT_CHAIN "exempt_packet"
#define MULTICAST_CHAIN "exempt_multicast"

static void build_counted(struct build *build, struct table_chain *chain, const char *counter)
{
	struct table_rule *rule = table_chain_rule(chain);
	table_model_counter(build->model, counter);
	count_named(rule, counter);
	verdict_accept(rule);
}

static void exempt_icmp_errors(struct table_chain *exempt, uint8_t proto)
{
	struct table_rule *rule = table_chain_rule(exempt);
	match_proto(rule, proto);
	match_ct_state(rule, TABLE_CT_RELATED);
	verdict_goto(rule, EXEMPT_CHAIN);
}

static void exempt_destination(struct table_chain *exempt, const struct prefix *prefix)
{
	struct table_rule *rule = table_chain_rule(exempt);
	match_prefix(rule, TABLE_DESTINATION, prefix);
	verdict_goto(rule, EXEMPT_CHAIN);
}

/* RFC 5771, RFC 4291; `fib` would say the same after a look into the routing tables. */
static void build_exempt_multicast(struct build *build)
{
	static const struct prefix multicast4 = {.addr = {.family = AF_INET, .bytes = {224}},
						 .length = 4};
	static const struct prefix multicast6 = {.addr = {.family = AF_INET6, .bytes = {0xff}},
						 .length = 8};
	struct table_chain *multicast = build_chain(build, MULTICAST_CHAIN);
	exempt_destination(multicast, &multicast4);
	exempt_destination(multicast, &multicast6);
}

/* What no hook judges of what is not TCP. Every new connection comes by here, and each expression
 * costs it some 13 ns: what most UDP needs is first. */
static void build_exempt(struct build *build)
{
	static const struct prefix link_local = {
		.addr = {.family = AF_INET6, .bytes = {0xfe, 0x80}}, .length = 10};
	struct table_chain *exempt = build_chain(build, "exempt");
	struct table_rule *rule = table_chain_rule(exempt);
	match_ports(rule, IPPROTO_UDP, false, TABLE_DESTINATION, TABLE_UDP_JUDGED_FIRST,
		    UINT16_MAX);
	verdict_goto(rule, MULTICAST_CHAIN);
	exempt_icmp_errors(exempt, IPPROTO_ICMP);
	exempt_icmp_errors(exempt, IPPROTO_ICMPV6);

	/* Neighbour discovery, RFC 4861. */
	rule = table_chain_rule(exempt);
	match_icmpv6_types(rule, ND_ROUTER_SOLICIT, ND_REDIRECT);
	verdict_goto(rule, EXEMPT_CHAIN);

	/* DHCP, RFC 2131; DHCPv6, RFC 8415. */
	rule = table_chain_rule(exempt);
	match_family(rule, AF_INET);
	match_ports(rule, IPPROTO_UDP, false, TABLE_SOURCE, 67, 68);
	match_ports(rule, IPPROTO_UDP, true, TABLE_DESTINATION, 67, 68);
	verdict_goto(rule, EXEMPT_CHAIN);
	rule = table_chain_rule(exempt);
	match_prefix(rule, TABLE_SOURCE, &link_local);
	match_ports(rule, IPPROTO_UDP, false, TABLE_DESTINATION, 546, 547);
	verdict_goto(rule, EXEMPT_CHAIN);

	verdict_goto(table_chain_rule(exempt), MULTICAST_CHAIN);
}

/* `far` is the end that is not this host. */
static void build_management(struct build *build, const char *name, enum table_end far)
{
	enum table_end near = far == TABLE_SOURCE ? TABLE_DESTINATION : TABLE_SOURCE;
	struct table_chain *management = build_chain(build, name);
	for (size_t i = 0; i < build->plan->n_management; i++) {
		const struct config_management *item = &build->plan->management[i];
		struct table_rule *rule = table_chain_rule(management);
		if (item->has_from)
			match_prefix(rule, far, &item->from);
		match_ports(rule, item->proto, false, near, item->port, item->port);
		verdict_goto(rule, EXEMPT_CHAIN);
	}
}

/*
 * TCP has no multicast, no broadcast, and no packets that are not of a connection's own.
 * Broadcasts are looked for where they can be met, because that takes a look into the routing
 * tables: net/ipv4/route.c forwards none, but those of another network where bc_forwarding is on.
 */
void table_build_exempt_rules(struct table_chain *queue, uint32_t hook)
{
	bool is_input = hook == NF_INET_LOCAL_IN;
	struct table_rule *rule;
	bool is_local = hook != NF_INET_FORWARD;
	if (is_local) {
		rule = table_chain_rule(queue);
		match_interface(rule, is_input ? TABLE_INCOMING : TABLE_OUTGOING, "lo");
		verdict_goto(rule, EXEMPT_CHAIN);
	}
	rule = table_chain_rule(queue);
	match_other_proto(rule, IPPROTO_TCP);
	verdict_jump(rule, "exempt");
	if (!is_local)
		return;
	rule = table_chain_rule(queue);
	match_family(rule, AF_INET);
	match_other_proto(rule, IPPROTO_TCP);
	match_destination_type(rule, RTN_BROADCAST);
	verdict_goto(rule, EXEMPT_CHAIN);
	verdict_jump(table_chain_rule(queue), is_input ? "management_in" : "management_out");
}

void table_build_exempt_chains(struct build *build)
{
	struct table_chain *exempt = build_chain(build, EXEMPT_CHAIN);
	table_build_exempt_call(build, exempt);
	build_counted(build, exempt, TABLE_COUNTER_EXEMPT);
	build_counted(build, build_chain(build, TABLE_UNTRACKED_CHAIN), TABLE_COUNTER_UNTRACKED);
	build_exempt_multicast(build);
	build_exempt(build);
	build_management(build, "management_in", TABLE_SOURCE);
	build_management(build, "management_out", TABLE_DESTINATION);
}
