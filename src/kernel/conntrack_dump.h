/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All living connections of the network namespace, as ctnetlink tells of them. */
#ifndef KERNEL_CONNTRACK_DUMP_H
#define KERNEL_CONNTRACK_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/nlbatch.h"

/* One direction of a connection. Ports are of the host's byte order, 0 where there are none. */
struct connection_tuple {
	struct addr saddr;
	struct addr daddr;
	uint16_t sport;
	uint16_t dport;
	uint8_t icmp_type; /* of ICMP and ICMPv6, where id is the identifier */
	uint8_t icmp_code;
	uint16_t icmp_id;
};

struct connection {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t proto;
	uint16_t zone;
	uint32_t id;
	uint32_t mark;
	uint32_t status; /* IPS_… */
	struct connection_tuple original;
	struct connection_tuple reply;
	bool has_master; /* it was expected by another one, such as FTP's data connection */
	uint8_t master_proto;
	struct connection_tuple master; /* that one's original direction */
	bool has_counters;              /* net.netfilter.nf_conntrack_acct is on */
	uint64_t bytes[2];              /* original, reply */
	uint64_t packets[2];
	uint64_t started_ns; /* CLOCK_REALTIME; 0: net.netfilter.nf_conntrack_timestamp is off */
	uint32_t timeout_s;
	/* By these the kernel knows it, as they came, for conntrack_update.h; NULL: zone 0. */
	const struct nlattr *original_attr;
	const struct nlattr *zone_attr;
};

/* The connection, and what it points to, is valid during the call only. */
typedef void (*conntrack_visit)(const struct connection *connection, void *data);

/*
 * Visits all connections, IPv4 and IPv6, in all zones; entries that are made or end meanwhile may
 * be left out. 0 or a negative errno, told in *error (may be NULL).
 */
int conntrack_dump(conntrack_visit visit, void *data, struct nl_error *error);

/* One message of such a dump (linux/netfilter/nfnetlink_conntrack.h); *ret_connection points into
 * it. 0, or -EBADMSG where it lacks a tuple. */
int conntrack_parse(const struct nlmsghdr *nlh, struct connection *ret_connection);

/* How many connections there are now. 0 or a negative errno. */
int conntrack_total(uint64_t *ret_total);

#endif
