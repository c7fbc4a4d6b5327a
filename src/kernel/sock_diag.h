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
	struct addr laddr;
	struct addr raddr;
	uint16_t lport;
	uint16_t rport;
	uint32_t ifindex; /* by which its packets go, for sockets bound to one; 0: not known */
};

struct sock_info {
	uint64_t inode;     /* as in socket:[INODE]; 0: no process has it open */
	uint32_t uid;       /* who made it; nothing where there is no inode */
	uint64_t cgroup_id; /* of cgroup2, in which it was made; 0: the kernel does not say */
};

struct sock_diag;

/* Belongs to one thread. NULL with errno. */
struct sock_diag *sock_diag_open(void);
void sock_diag_close(struct sock_diag *diag);

/*
 * The socket that gets the connection's packets: a connected one, else one that listens or is bound
 * there, as the kernel itself looks for it (net/ipv4/inet_diag.c, udp_diag.c). Some microseconds.
 * 0; -ENOENT: there is none; or another negative errno.
 */
int sock_diag_find(struct sock_diag *diag, const struct sock_tuple *tuple,
		   struct sock_info *ret_info);

#endif
