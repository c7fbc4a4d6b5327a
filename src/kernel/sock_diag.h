/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which socket of this network namespace a connection belongs to, through NETLINK_SOCK_DIAG. */
#ifndef KERNEL_SOCK_DIAG_H
#define KERNEL_SOCK_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"

/* The ends as this host sees them. */
struct sock_tuple {
	uint8_t proto; /* TCP, UDP, UDP-Lite, SCTP, DCCP; others have no sockets to be asked for */
	bool is_incoming; /* opened by the remote end */
	struct addr laddr;
	struct addr raddr;
	uint16_t lport;
	uint16_t rport;
	uint32_t ifindex; /* by which its packets go, for sockets bound to one; 0: not known */
};

struct sock_info {
	bool has_uid;       /* false: no process has it open */
	uint32_t uid;       /* who made it */
	uint64_t inode;     /* as in socket:[INODE]; 0: not known */
	uint64_t cgroup_id; /* of cgroup2, in which it was made; 0: the kernel does not say */
};

/* A socket as the kernel tells of it. */
struct sock_answer {
	int error; /* negative errno: there is none, or it cannot be asked for */
	bool is_connected;
	bool is_on_its_way; /* connected by the other end, and nobody has accepted it yet */
	struct sock_info info;
};

struct nlmsghdr;

/* Reads a message of the kernel. For tests. */
struct sock_answer sock_answer_read(const struct nlmsghdr *nlh);

struct sock_diag;

/* Belongs to one thread. NULL with errno. */
struct sock_diag *sock_diag_open(void);
void sock_diag_close(struct sock_diag *diag);

/*
 * The socket that the connection belongs to, as the kernel itself looks for it
 * (net/ipv4/inet_diag.c, udp_diag.c): a connected one, else one that listens or is bound there.
 * Until a connection from outside is accepted it is of the socket that listens. Some microseconds.
 *
 * Where several sockets share the local end (SO_REUSEPORT) the kernel chooses one by the ends of a
 * packet that comes in, but any of them may have sent one, and a connection that waits to be
 * accepted no longer tells where: then the user is known, who is the same for all, and no inode.
 *
 * 0; -ENOENT: there is none; or another negative errno.
 */
int sock_diag_find(struct sock_diag *diag, const struct sock_tuple *tuple,
		   struct sock_info *ret_info);

#endif
