/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the table that shape what comes in; only table_build.c includes this. */
#ifndef KERNEL_TABLE_INCOMING_H
#define KERNEL_TABLE_INCOMING_H

#include "kernel/table_part.h"

/* In the chain at postrouting: what came in by a shaped interface and leaves to the inside. */
void table_build_inside(struct build *build, struct table_chain *classify);

/* All else: what is policed, and what an IFB device was given. */
void table_build_incoming(struct build *build);

#endif
