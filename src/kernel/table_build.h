/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table that a plan asks for: the one place where its rules are written. */
#ifndef KERNEL_TABLE_BUILD_H
#define KERNEL_TABLE_BUILD_H

#include "engine/plan.h"
#include "kernel/features.h"
#include "kernel/table_model.h"

/* The regular chain of the id N is called TABLE_ID_CHAIN "N". */
#define TABLE_ID_CHAIN "id_"
/* The same for the id of a throttle that is called. */
#define TABLE_CALL_CHAIN "call_"
#define TABLE_COUNTER_EXEMPT "exempt"
#define TABLE_COUNTER_UNTRACKED "untracked"
#define TABLE_COUNTER_UNDECIDED "undecided"

/* The base chains whose rules may lead to a queue; NULL ends the list. */
extern const char *const table_queue_chains[];

/* The caller frees the model. */
struct table_model *table_build(const struct plan *plan, enum queue_path path);

#endif
