/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/nlbatch.h"
#include "util/alloc.h"

#define ANSWER_ROOM 8192
/* linux/inet_diag.h of Linux 5.8; Debian's headers have it, older ones do not. */
#define DIAG_CGROUP_ID 21

struct sock_diag {
	struct mnl_socket *socket;
	uint32_t sequence;
	char buffer[ANSWER_ROOM] __attribute__((aligned(8)));
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

static bool has_sockets(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

/*
 * The source is the local end; but for UDP the kernel takes the ends as those of a packet that
 * comes in (udp_dump_one() in net/ipv4/udp_diag.c).
 */
static void put_ends(struct inet_diag_sockid *id, const struct sock_tuple *tuple)
{
	bool is_swapped = tuple->proto == IPPROTO_UDP || tuple->proto == IPPROTO_UDPLITE;
	const struct addr *source = is_swapped ? &tuple->raddr : &tuple->laddr;
	const struct addr *destination = is_swapped ? &tuple->laddr : &tuple->raddr;
	memcpy(id->idiag_src, source->bytes, addr_size(source));
	memcpy(id->idiag_dst, destination->bytes, addr_size(destination));
	id->idiag_sport = htons(is_swapped ? tuple->rport : tuple->lport);
	id->idiag_dport = htons(is_swapped ? tuple->lport : tuple->rport);
	id->idiag_if = tuple->ifindex;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

static int read_answer(const struct nlmsghdr *nlh, void *data)
{
	struct sock_info *info = data;
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*message))
		return MNL_CB_STOP;
	info->inode = message->idiag_inode;
	info->uid = message->idiag_uid;
	mnl_attr_for_each (attr, nlh, sizeof(*message)) {
		if (mnl_attr_get_type(attr) == DIAG_CGROUP_ID &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint64_t))
			info->cgroup_id = mnl_attr_get_u64(attr);
	}
	return MNL_CB_STOP;
}

/* One request, one answer: a socket, or an error. */
static int exchange(struct sock_diag *diag, struct nlmsghdr *nlh, struct sock_info *ret_info)
{
	ssize_t length;
	nlh->nlmsg_seq = ++diag->sequence;
	if (mnl_socket_sendto(diag->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		length = mnl_socket_recvfrom(diag->socket, diag->buffer, sizeof(diag->buffer));
	} while ((length < 0 && errno == EINTR) ||
		 (length >= (ssize_t)sizeof(*nlh) &&
		  ((struct nlmsghdr *)diag->buffer)->nlmsg_seq != diag->sequence));
	if (length < 0)
		return -errno;
	return mnl_cb_run(diag->buffer, (size_t)length, diag->sequence, 0, read_answer, ret_info) <
			       0
		       ? -errno
		       : 0;
}

int sock_diag_find(struct sock_diag *diag, const struct sock_tuple *tuple,
		   struct sock_info *ret_info)
{
	char request[256] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);
	struct inet_diag_req_v2 *ask = mnl_nlmsg_put_extra_header(nlh, sizeof(*ask));
	*ret_info = (struct sock_info){0};
	if (!has_sockets(tuple->proto))
		return -ENOENT;
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	ask->sdiag_family = tuple->laddr.family;
	ask->sdiag_protocol = tuple->proto;
	ask->idiag_states = UINT32_MAX;
	put_ends(&ask->id, tuple);
	return exchange(diag, nlh, ret_info);
}
