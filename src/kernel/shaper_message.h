/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rtnetlink messages of the shaper. Each function builds one message at the start of `buffer`
 * (SHAPER_MESSAGE_ROOM bytes, aligned to 8) and returns it, for nl_request().
 */
#ifndef KERNEL_SHAPER_MESSAGE_H
#define KERNEL_SHAPER_MESSAGE_H

#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/shaper_rates.h"

#define SHAPER_MESSAGE_ROOM 1024
#define SHAPER_R2Q 0x6e66u       /* the root's fingerprint, see shaper.h */
#define SHAPER_BLOCK 0x6e000000u /* the ingress qdisc's, in the number of its filter block */
#define SHAPER_BLOCK_BITS 0x00ffffffu
#define SHAPER_TRIAL 0xfffeu    /* minor of a class that lives only while leaves are tried */
#define SHAPER_SFQ_PERTURB_S 10 /* seconds between two hashes of sfq */

/* Where a message belongs. */
struct shaper_target {
	char *buffer;
	int ifindex;
};

struct shaper_class {
	uint16_t minor;
	uint16_t parent; /* NFSHAPER_HTB_LINE, or 0 for a class under the root */
	unsigned priority;
	uint64_t rate_bps;
	uint64_t ceil_bps;
	struct shaper_line line;
	bool with_estimator;
};

/*
 * A socket for these messages. Its port, which the kernel gives with every event that a message of
 * it causes, is shaper_port() where nobody else has that. NULL with errno.
 */
struct mnl_socket *shaper_open(void);
uint32_t shaper_port(void);

/* The start of any message about qdiscs, classes and filters. */
struct nlmsghdr *shaper_message_begin(struct shaper_target to, uint16_t type, uint16_t flags,
				      uint32_t parent, uint32_t handle);

/* What the root qdisc is told. */
struct shaper_htb {
	uint16_t default_minor; /* 0: what has no class is not shaped */
	int less_bytes; /* that the line has less for each packet: HTB's own overhead has no sign */
};

struct nlmsghdr *shaper_message_root(struct shaper_target to, const struct shaper_htb *htb);

/* Creates the class or changes the one that is there; the parent of that one stays. */
struct nlmsghdr *shaper_message_class(struct shaper_target to, const struct shaper_class *class);

/* The leaf discipline `minor`: under 1:`minor`. Creates it, or changes one of the same kind. */
struct nlmsghdr *shaper_message_leaf(struct shaper_target to, uint16_t minor, const char *kind,
				     uint64_t ceil_bps);

/* Removes the root qdisc with this handle, or any with 0. */
struct nlmsghdr *shaper_message_remove_root(struct shaper_target to, uint32_t handle);

/* Removes whatever discipline the leaf class has been given. */
struct nlmsghdr *shaper_message_remove_leaf(struct shaper_target to, uint16_t minor);

struct nlmsghdr *shaper_message_remove_class(struct shaper_target to, uint16_t minor);

/* All qdiscs, of all interfaces: the kernel does not filter them. */
struct nlmsghdr *shaper_message_list_qdiscs(struct shaper_target to);

/* The classes of qdisc 1: of the interface. */
struct nlmsghdr *shaper_message_list_classes(struct shaper_target to);

#endif
