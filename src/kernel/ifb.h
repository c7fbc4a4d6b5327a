/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices of kind ifb (drivers/net/ifb.c): what is redirected to one passes its qdisc and goes on
 * as if it came in by the interface from which it was taken.
 *
 * Those of nfshaper are in a device group of their own, which is set in the message that creates
 * them.
 */
#ifndef KERNEL_IFB_H
#define KERNEL_IFB_H

#include <stdbool.h>
#include <stddef.h>

#include "net/nlbatch.h"

#define IFB_GROUP 0x6e66 /* 28262, which is printed in decimal */

struct ifb {
	int ifindex; /* 0: there is no device of that name */
	bool is_ours;
	bool is_ready; /* up, and its alias says whose traffic it has */
	char kind[16]; /* of the device; empty for hardware */
};

/* The text that `ip link` shows: what comes in by the interface `of`. In `buffer`. */
#define IFB_ALIAS_ROOM 64
const char *ifb_alias(const char *of, char *buffer);

/* The device of that name, whatever it is. 0 or a negative errno. */
int ifb_find(struct mnl_socket *socket, const char *name, const char *of, struct ifb *ret_ifb,
	     struct nl_error *error);

/* Creates it; it is down. -EEXIST where the name is taken, -EOPNOTSUPP where the kernel has no such
 * kind, with error->message. */
int ifb_make(struct mnl_socket *socket, const char *name, struct nl_error *error);

/* Sets it up and its alias. */
int ifb_raise(struct mnl_socket *socket, int ifindex, const char *of, struct nl_error *error);

int ifb_remove(struct mnl_socket *socket, int ifindex, struct nl_error *error);

/* All that are nfshaper's; *ret_ifindexes is to be freed. 0 or a negative errno. */
int ifb_list(struct mnl_socket *socket, int **ret_ifindexes, size_t *ret_count,
	     struct nl_error *error);

#endif
