/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A living connection as the rules see it. What conntrack has of it is turned into a packet of its
 * original direction, as the hooks meet it: behind destination NAT and before source NAT. A
 * connection that was expected (FTP data) goes with the one that expected it, from which it has its
 * mark.
 *
 * What a transparent proxy receives for another host is taken for forwarded here.
 */
#ifndef DAEMON_LIVING_H
#define DAEMON_LIVING_H

#include "engine/rejudge.h"
#include "kernel/conntrack_dump.h"
#include "rules/sets.h"

/* The addresses of this host; begins as all zero. */
struct host {
	struct addr_set own;
	struct addr_set broadcast;
};

/* Reads them from the kernel. 0 or a negative errno, told in *error (may be NULL). To be emptied in
 * any case. */
int host_read(struct host *host, struct nl_error *error);
void host_fini(struct host *host);

/*
 * The packet and its direction. False where such packets are not judged: this host talks to itself,
 * or somebody to everybody.
 */
bool living_packet(const struct host *host, const struct connection *connection,
		   struct packet *ret_packet, enum direction *ret_direction);

/* The same of itself also where it was expected: what it looks like, not as what it is judged. */
bool living_own_packet(const struct host *host, const struct connection *connection,
		       struct packet *ret_packet, enum direction *ret_direction);

#endif
