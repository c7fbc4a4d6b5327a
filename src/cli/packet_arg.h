/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A packet as the command line of `explain` describes it. */
#ifndef CLI_PACKET_ARG_H
#define CLI_PACKET_ARG_H

#include "cli/owner_arg.h"
#include "engine/decide.h"
#include "net/packet.h"

struct packet_arg {
	struct packet packet;
	struct packet_origin origin; /* names borrowed from argv */
	const char *cc;              /* borrowed from argv, or NULL */
	const char *exemption;       /* by the addresses of this host, or NULL */
	bool has_direction;
	bool has_sport;
	bool has_dport;
	bool has_length;
	bool has_dscp;
	bool has_mark;
	uint32_t mark;
	struct local_time now;
	struct owner_arg owner;
};

/*
 * Reads PROTO SRC[:PORT] DST[:PORT] [KEY=VALUE …]. EXIT_DONE, and *ret_arg is for
 * packet_arg_fini(); or EXIT_USAGE after a message.
 */
int packet_arg_read(int argc, char **argv, struct packet_arg *ret_arg);
void packet_arg_fini(struct packet_arg *arg);

/*
 * The facts about the packet; what the command line does not tell is unknown. Where it tells of an
 * owner, but no direction, the packet is one of the end that is local. `arg` must outlive them.
 */
struct facts packet_arg_facts(const struct packet_arg *arg, const struct snapshot *snapshot);

#endif
