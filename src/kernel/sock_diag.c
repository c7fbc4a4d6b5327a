/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/nlbatch.h"
#include "util/alloc.h"

#define ANSWER_ROOM 8192
#define REQUEST_BYTES (NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct inet_diag_req_v2)))
/* Of n sockets that share a port, all of so many far ports meet the same one once in n^7 times. */
#define PROBES 8
#define PROBE_STRIDE 7919
/* linux/inet_diag.h of Linux 5.8; Debian's headers have it, older ones do not. */
#define DIAG_CGROUP_ID 21
#define STATE_NEW_SYN_RECV 12 /* include/net/tcp_states.h */

struct sock_diag {
	struct mnl_socket *socket;
	uint32_t sequence;
	char request[PROBES * REQUEST_BYTES] __attribute__((aligned(8)));
	char answer[ANSWER_ROOM] __attribute__((aligned(8)));
};

struct sock_diag *sock_diag_open(void)
{
	struct sock_diag *diag = xcalloc(1, sizeof(*diag));
	diag->socket = nl_open(NETLINK_SOCK_DIAG);
	if (diag->socket)
		return diag;
	int saved = errno;
	free(diag);
	errno = saved;
	return NULL;
}

void sock_diag_close(struct sock_diag *diag)
{
	if (!diag)
		return;
	mnl_socket_close(diag->socket);
	free(diag);
}

static bool is_datagram(uint8_t proto)
{
	return proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE;
}

static bool has_sockets(uint8_t proto)
{
	return proto == IPPROTO_TCP || is_datagram(proto) || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP;
}

/*
 * The source is the local end; but for UDP the kernel takes the ends as those of a packet that
 * comes in (udp_dump_one() in net/ipv4/udp_diag.c).
 */
static void put_ends(struct inet_diag_sockid *id, const struct sock_tuple *tuple, uint16_t rport)
{
	bool is_swapped = is_datagram(tuple->proto);
	const struct addr *source = is_swapped ? &tuple->raddr : &tuple->laddr;
	const struct addr *destination = is_swapped ? &tuple->laddr : &tuple->raddr;
	memcpy(id->idiag_src, source->bytes, addr_size(source));
	memcpy(id->idiag_dst, destination->bytes, addr_size(destination));
	id->idiag_sport = htons(is_swapped ? rport : tuple->lport);
	id->idiag_dport = htons(is_swapped ? tuple->lport : rport);
	id->idiag_if = tuple->ifindex;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

static void put_request(struct sock_diag *diag, unsigned number, const struct sock_tuple *tuple,
			uint16_t rport)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(diag->request + number * REQUEST_BYTES);
	struct inet_diag_req_v2 *ask = mnl_nlmsg_put_extra_header(nlh, sizeof(*ask));
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = diag->sequence + number;
	ask->sdiag_family = tuple->laddr.family;
	ask->sdiag_protocol = tuple->proto;
	ask->idiag_states = UINT32_MAX;
	put_ends(&ask->id, tuple, rport);
}

static int read_error(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error) || error->error >= 0)
		return -EBADMSG;
	return error->error;
}

struct sock_answer sock_answer_read(const struct nlmsghdr *nlh)
{
	struct sock_answer answer = {0};
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return (struct sock_answer){.error = read_error(nlh)};
	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*message))
		return (struct sock_answer){.error = -EBADMSG};
	answer.is_connected =
		message->idiag_state != TCP_LISTEN && message->idiag_state != TCP_CLOSE;
	answer.is_on_its_way =
		message->idiag_inode == 0 &&
		(message->idiag_state == STATE_NEW_SYN_RECV ||
		 message->idiag_state == TCP_SYN_RECV || message->idiag_state == TCP_ESTABLISHED ||
		 message->idiag_state == TCP_CLOSE_WAIT);
	if (message->idiag_inode == 0)
		return answer;
	answer.info = (struct sock_info){
		.has_uid = true,
		.uid = message->idiag_uid,
		.inode = message->idiag_inode,
	};
	mnl_attr_for_each (attr, nlh, sizeof(*message)) {
		if (mnl_attr_get_type(attr) == DIAG_CGROUP_ID &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint64_t))
			answer.info.cgroup_id = mnl_attr_get_u64(attr);
	}
	return answer;
}

/* The next answer to one of the last `count` requests. The kernel has given it while it was asked.
 */
static int receive(struct sock_diag *diag, unsigned count, struct sock_answer *ret_answer)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)diag->answer;
	int fd = mnl_socket_get_fd(diag->socket);
	for (;;) {
		ssize_t length = recv(fd, diag->answer, sizeof(diag->answer), MSG_DONTWAIT);
		if (length < 0 && errno != EINTR)
			return -errno;
		if (length >= 0 && mnl_nlmsg_ok(nlh, (int)length) &&
		    nlh->nlmsg_seq - diag->sequence < count) {
			*ret_answer = sock_answer_read(nlh);
			return 0;
		}
	}
}

static int send_requests(struct sock_diag *diag, unsigned count)
{
	return mnl_socket_sendto(diag->socket, diag->request, count * REQUEST_BYTES) < 0 ? -errno
											 : 0;
}

/* Asks for one. */
static int ask(struct sock_diag *diag, const struct sock_tuple *tuple, struct sock_answer *answer)
{
	diag->sequence += PROBES;
	put_request(diag, 0, tuple, tuple->rport);
	int error = send_requests(diag, 1);
	if (!error)
		error = receive(diag, 1, answer);
	return error ? error : answer->error;
}

/*
 * What is not connected and gets packets for the local end, whatever far port they come from. If
 * that depends on the port, only the user.
 */
static int ask_unconnected(struct sock_diag *diag, const struct sock_tuple *tuple,
			   struct sock_info *ret_info)
{
	struct sock_info found = {0};
	struct sock_answer answer;
	diag->sequence += PROBES;
	for (unsigned i = 0; i < PROBES; i++)
		put_request(diag, i, tuple, (uint16_t)(tuple->rport + (i + 1) * PROBE_STRIDE));
	int error = send_requests(diag, PROBES);
	for (unsigned i = 0; i < PROBES && !error; i++) {
		error = receive(diag, PROBES, &answer);
		if (error || answer.error || answer.is_connected || !answer.info.has_uid)
			continue;
		if (!found.has_uid)
			found = answer.info;
		else if (found.inode != answer.info.inode)
			found.inode = found.cgroup_id = 0;
	}
	if (error)
		return error;
	*ret_info = found;
	return found.has_uid ? 0 : -ENOENT;
}

/* One that is bound to no address gets no packets for one that another is bound to. */
static bool is_bound_elsewhere(struct sock_diag *diag, const struct sock_tuple *tuple,
			       const struct sock_info *info)
{
	struct sock_tuple any = *tuple;
	struct sock_answer answer;
	memset(any.laddr.bytes, 0, sizeof(any.laddr.bytes));
	return !ask(diag, &any, &answer) && !answer.is_connected &&
	       answer.info.inode != info->inode;
}

/*
 * The other sockets that could have sent it: where there are any, the one that was found is only
 * one of them.
 */
static void check_alone(struct sock_diag *diag, const struct sock_tuple *tuple,
			struct sock_info *info)
{
	struct sock_info other;
	if (ask_unconnected(diag, tuple, &other) || other.inode != info->inode ||
	    is_bound_elsewhere(diag, tuple, info))
		info->inode = info->cgroup_id = 0;
}

int sock_diag_find(struct sock_diag *diag, const struct sock_tuple *tuple,
		   struct sock_info *ret_info)
{
	struct sock_answer answer;
	bool is_tcp = tuple->proto == IPPROTO_TCP;
	if (!has_sockets(tuple->proto))
		return -ENOENT;
	int error = ask(diag, tuple, &answer);
	if (error)
		return error;
	if (is_tcp && tuple->is_incoming && answer.is_on_its_way)
		return ask_unconnected(diag, tuple, ret_info);
	/* It has ended, and now another one would get its packets. */
	if (is_tcp && !tuple->is_incoming && !answer.is_connected)
		return -ENOENT;
	*ret_info = answer.info;
	if (is_datagram(tuple->proto) && !tuple->is_incoming && !answer.is_connected &&
	    answer.info.has_uid)
		check_alone(diag, tuple, ret_info);
	return 0;
}
