/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/conntrack_dump.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stddef.h>
#include <sys/socket.h>

#include "kernel/conntrack_message.h"

/* Attributes of one level by their type, as far as they are of interest; NULL: it is not there. */
static void sort_attributes(const struct nlattr *nest, const struct nlattr **table, uint16_t max)
{
	const struct nlattr *attr;
	mnl_attr_for_each_nested (attr, nest) {
		if (mnl_attr_get_type(attr) <= max)
			table[mnl_attr_get_type(attr)] = attr;
	}
}

static bool has_size(const struct nlattr *attr, size_t size)
{
	return attr && mnl_attr_get_payload_len(attr) >= size;
}

static uint8_t read_u8(const struct nlattr *attr)
{
	return has_size(attr, sizeof(uint8_t)) ? mnl_attr_get_u8(attr) : 0;
}

static uint16_t read_u16(const struct nlattr *attr)
{
	return has_size(attr, sizeof(uint16_t)) ? ntohs(mnl_attr_get_u16(attr)) : 0;
}

static uint32_t read_u32(const struct nlattr *attr)
{
	return has_size(attr, sizeof(uint32_t)) ? ntohl(mnl_attr_get_u32(attr)) : 0;
}

static uint64_t read_u64(const struct nlattr *attr)
{
	return has_size(attr, sizeof(uint64_t)) ? be64toh(mnl_attr_get_u64(attr)) : 0;
}

static struct addr read_addr(const struct nlattr *v4, const struct nlattr *v6)
{
	if (has_size(v4, 4))
		return addr_from_bytes(AF_INET, mnl_attr_get_payload(v4));
	if (has_size(v6, 16))
		return addr_from_bytes(AF_INET6, mnl_attr_get_payload(v6));
	return (struct addr){0};
}

/* False where there are no addresses. */
static bool read_addresses(const struct nlattr *nest, struct connection_tuple *tuple)
{
	const struct nlattr *ip[CTA_IP_MAX + 1] = {0};
	sort_attributes(nest, ip, CTA_IP_MAX);
	tuple->saddr = read_addr(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
	tuple->daddr = read_addr(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]);
	return tuple->saddr.family && tuple->daddr.family;
}

static void read_protocol(const struct nlattr *nest, struct connection_tuple *tuple,
			  uint8_t *ret_proto)
{
	const struct nlattr *proto[CTA_PROTO_MAX + 1] = {0};
	sort_attributes(nest, proto, CTA_PROTO_MAX);
	bool is_v6 = proto[CTA_PROTO_ICMPV6_TYPE] != NULL;
	*ret_proto = read_u8(proto[CTA_PROTO_NUM]);
	tuple->sport = read_u16(proto[CTA_PROTO_SRC_PORT]);
	tuple->dport = read_u16(proto[CTA_PROTO_DST_PORT]);
	tuple->icmp_type = read_u8(proto[is_v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE]);
	tuple->icmp_code = read_u8(proto[is_v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE]);
	tuple->icmp_id = read_u16(proto[is_v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID]);
}

static bool read_tuple(const struct nlattr *nest, struct connection_tuple *tuple,
		       uint8_t *ret_proto)
{
	const struct nlattr *parts[CTA_TUPLE_MAX + 1] = {0};
	if (!nest)
		return false;
	sort_attributes(nest, parts, CTA_TUPLE_MAX);
	if (!parts[CTA_TUPLE_IP] || !parts[CTA_TUPLE_PROTO])
		return false;
	read_protocol(parts[CTA_TUPLE_PROTO], tuple, ret_proto);
	return read_addresses(parts[CTA_TUPLE_IP], tuple);
}

static void read_counters(const struct nlattr *nest, struct connection *connection, unsigned way)
{
	const struct nlattr *counters[CTA_COUNTERS_MAX + 1] = {0};
	if (!nest)
		return;
	sort_attributes(nest, counters, CTA_COUNTERS_MAX);
	connection->has_counters = true;
	connection->packets[way] = read_u64(counters[CTA_COUNTERS_PACKETS]);
	connection->bytes[way] = read_u64(counters[CTA_COUNTERS_BYTES]);
}

static uint64_t read_start(const struct nlattr *nest)
{
	const struct nlattr *times[CTA_TIMESTAMP_MAX + 1] = {0};
	if (!nest)
		return 0;
	sort_attributes(nest, times, CTA_TIMESTAMP_MAX);
	return read_u64(times[CTA_TIMESTAMP_START]);
}

int conntrack_parse(const struct nlmsghdr *nlh, struct connection *ret_connection)
{
	const struct nlattr *table[CTA_MAX + 1] = {0}, *attr;
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct connection connection = {0};
	uint8_t unused;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return -EBADMSG;
	mnl_attr_for_each (attr, nlh, sizeof(*nfg)) {
		if (mnl_attr_get_type(attr) <= CTA_MAX)
			table[mnl_attr_get_type(attr)] = attr;
	}
	if (!read_tuple(table[CTA_TUPLE_ORIG], &connection.original, &connection.proto) ||
	    !read_tuple(table[CTA_TUPLE_REPLY], &connection.reply, &unused))
		return -EBADMSG;
	connection.has_master =
		read_tuple(table[CTA_TUPLE_MASTER], &connection.master, &connection.master_proto);
	connection.family = nfg->nfgen_family;
	connection.zone = read_u16(table[CTA_ZONE]);
	connection.id = read_u32(table[CTA_ID]);
	connection.mark = read_u32(table[CTA_MARK]);
	connection.status = read_u32(table[CTA_STATUS]);
	connection.timeout_s = read_u32(table[CTA_TIMEOUT]);
	connection.started_ns = read_start(table[CTA_TIMESTAMP]);
	read_counters(table[CTA_COUNTERS_ORIG], &connection, 0);
	read_counters(table[CTA_COUNTERS_REPLY], &connection, 1);
	connection.original_attr = table[CTA_TUPLE_ORIG];
	connection.zone_attr = table[CTA_ZONE];
	*ret_connection = connection;
	return 0;
}

struct dump {
	conntrack_visit visit;
	void *data;
};

static int each_connection(const struct nlmsghdr *nlh, void *data)
{
	const struct dump *dump = data;
	struct connection connection;
	if (conntrack_parse(nlh, &connection) == 0)
		dump->visit(&connection, dump->data);
	return MNL_CB_OK;
}

int conntrack_dump(conntrack_visit visit, void *data, struct nl_error *error)
{
	char request[256] __attribute__((aligned(8))) = {0};
	struct dump dump = {visit, data};
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	int result;
	if (error)
		*error = (struct nl_error){0};
	if (socket) {
		struct nlmsghdr *nlh = conntrack_request(request, IPCTNL_MSG_CT_GET, AF_UNSPEC);
		nlh->nlmsg_flags |= NLM_F_DUMP;
		result = nl_request(socket, nlh, each_connection, &dump, error);
		mnl_socket_close(socket);
	} else {
		result = -errno;
	}
	if (result && error) {
		error->code = result;
		error->what = "list connections";
	}
	return result;
}

static int take_total(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == CTA_STATS_GLOBAL_ENTRIES)
			*(uint64_t *)data = read_u32(attr);
	}
	return MNL_CB_OK;
}

int conntrack_total(uint64_t *ret_total)
{
	char request[256] __attribute__((aligned(8))) = {0};
	uint64_t total = 0;
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	if (!socket)
		return -errno;
	struct nlmsghdr *nlh = conntrack_request(request, IPCTNL_MSG_CT_GET_STATS, AF_UNSPEC);
	int result = nl_request(socket, nlh, take_total, &total, NULL);
	mnl_socket_close(socket);
	if (!result)
		*ret_total = total;
	return result;
}
