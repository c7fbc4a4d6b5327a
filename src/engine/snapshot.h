/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything that a decision needs, compiled from one reading of the configuration: never changed
 * afterwards, read by all workers.
 */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include "config/config.h"
#include "engine/plan.h"
#include "rules/geo.h"
#include "rules/ruleset.h"
#include "util/diag.h"

struct snapshot {
	struct config *config;
	struct ruleset *ruleset;
	struct geo *geo; /* NULL: no rule asks for a country, or no database is named */
	struct plan *plan;
	uint32_t *rule_ids;  /* decision id of each rule */
	uint32_t default_id; /* what no rule settles */
};

/* Reads, checks, compiles and plans. NULL with errors in *diags. `known`: as plan_new(). */
struct snapshot *snapshot_load(const char *path, const struct ids *known, struct diags *diags);
void snapshot_free(struct snapshot *snapshot);

#endif
