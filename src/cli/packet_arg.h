/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A packet as the command line of `explain` describes it. */
#ifndef CLI_PACKET_ARG_H
#define CLI_PACKET_ARG_H

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
};

/* Reads PROTO SRC[:PORT] DST[:PORT] [KEY=VALUE …]. EXIT_DONE, or EXIT_USAGE after a message. */
int packet_arg_read(int argc, char **argv, struct packet_arg *ret_arg);

/* The facts about the packet; what the command line does not tell is unknown. `arg` must outlive
 * them. */
struct facts packet_arg_facts(const struct packet_arg *arg, const struct snapshot *snapshot);

#endif
