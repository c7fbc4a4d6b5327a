/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of the table that lets pass what is not judged; only table_build.c includes this. */
#ifndef KERNEL_TABLE_EXEMPT_H
#define KERNEL_TABLE_EXEMPT_H

#include "kernel/table_part.h"

/* The chain of packets that have no entry in conntrack. */
#define TABLE_UNTRACKED_CHAIN "untracked_packet"

/* The first destination port of UDP above those of DHCP and DHCPv6. */
#define TABLE_UDP_JUDGED_FIRST 548

/* In a queue chain at that hook (NF_INET_…), behind what is decided. */
void table_build_exempt_rules(struct table_chain *queue, uint32_t hook);

/* The chains that these go to. */
void table_build_exempt_chains(struct build *build);

#endif
