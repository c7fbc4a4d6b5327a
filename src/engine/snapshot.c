/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/snapshot.h"

#include <stdlib.h>

#include "util/alloc.h"

static uint32_t rule_id(const struct config_rule *rule, const struct plan *plan)
{
	switch (rule->action) {
	case ACTION_CLASS:
	case ACTION_ACCEPT:
		return plan->ids.items[rule->class_index].id;
	case ACTION_DROP:
		return ids_find(&plan->ids, OUTCOME_DROP, "drop")->id;
	case ACTION_REJECT:
		return ids_find(&plan->ids, OUTCOME_REJECT, "reject")->id;
	}
	abort();
}

static void map_rules(struct snapshot *snapshot)
{
	const struct config *config = snapshot->config;
	snapshot->rule_ids = xcalloc(config->n_rules, sizeof(*snapshot->rule_ids));
	for (size_t i = 0; i < config->n_rules; i++)
		snapshot->rule_ids[i] = rule_id(&config->rules[i], snapshot->plan);
	snapshot->default_id = snapshot->plan->ids.items[0].id;
}

/* A database that is named must be usable, whether or not a rule asks for it yet. */
static void open_geo(struct snapshot *snapshot, struct diags *diags)
{
	const struct config *config = snapshot->config;
	char *why = NULL;
	if (!config->geoip)
		return;
	snapshot->geo = geo_open(config->geoip, &why);
	if (!snapshot->geo)
		diag_error(diags, config->geoip_at, "geoip file `%s`: %s", config->geoip, why);
	free(why);
}

struct snapshot *snapshot_load(const char *path, const struct ids *known, struct diags *diags)
{
	struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
	snapshot->config = config_load(path, diags);
	if (snapshot->config) {
		open_geo(snapshot, diags);
		snapshot->ruleset = ruleset_compile(snapshot->config, diags);
	}
	if (!diags->errors)
		snapshot->plan = plan_new(snapshot->config, known, diags);
	if (diags->errors) {
		snapshot_free(snapshot);
		return NULL;
	}
	map_rules(snapshot);
	return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	free(snapshot->rule_ids);
	plan_free(snapshot->plan);
	ruleset_free(snapshot->ruleset);
	geo_close(snapshot->geo);
	config_free(snapshot->config);
	free(snapshot);
}
