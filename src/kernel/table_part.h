/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that build the table's parts (table_build.c and those it includes) share. */
#ifndef KERNEL_TABLE_PART_H
#define KERNEL_TABLE_PART_H

#include "engine/plan.h"
#include "kernel/features.h"
#include "kernel/table_model.h"

struct build {
	const struct plan *plan;
	enum queue_path path;
	struct table_model *model;
};

/* A new regular chain. */
static inline struct table_chain *build_chain(struct build *build, const char *name)
{
	return table_model_chain(build->model, name, NULL, NULL);
}

#endif
