/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the table that throttles need; only table_build.c includes this. */
#ifndef KERNEL_TABLE_THROTTLE_H
#define KERNEL_TABLE_THROTTLE_H

#include "kernel/table_part.h"

/* The chain that hands its packets to the queues of segments. */
#define TABLE_SEGMENTS_CHAIN "ask_segments"

/* The map of calls, and what the answers to them do. */
void table_build_calls(struct build *build, struct table_set *store);

/* In a queue chain at that hook (NF_INET_…), before anything is accepted: calls. */
void table_build_call_rule(struct build *build, struct table_chain *queue, uint32_t hook);

/* In the chain of packets that are exempt: clears the bits of a call, which is not judged. */
void table_build_exempt_call(struct build *build, struct table_chain *exempt);

/* In a queue chain, behind all exemptions: connections whose packets stay queued. */
void table_build_inspect_rule(struct build *build, struct table_chain *queue, uint32_t hook);

/* The chains that these go to. */
void table_build_throttle_chains(struct build *build);

#endif
