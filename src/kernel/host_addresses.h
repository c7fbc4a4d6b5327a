/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which addresses are this host's own, as its routing tables have it. */
#ifndef KERNEL_HOST_ADDRESSES_H
#define KERNEL_HOST_ADDRESSES_H

#include <stdbool.h>

#include "net/addr.h"
#include "net/nlbatch.h"

/* `is_broadcast`: what is sent there is for every host of a network, this one among them. */
typedef void (*host_addresses_visit)(const struct prefix *prefix, bool is_broadcast, void *data);

/*
 * Visits the addresses of the network namespace, IPv4 and IPv6: routes of the types local, anycast
 * and broadcast, of all tables (RTM_GETROUTE, rtnetlink(7)). 0 or a negative errno, told in *error
 * (may be NULL).
 */
int host_addresses_read(host_addresses_visit visit, void *data, struct nl_error *error);

#endif
