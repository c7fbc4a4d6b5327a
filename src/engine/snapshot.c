/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

struct rulebook {
	unsigned references;
	struct config *config;
	struct ruleset *ruleset;
	struct geo *geo;
};

static uint32_t id_of(const struct plan *plan, enum outcome_kind kind, const char *name)
{
	const struct outcome *outcome = ids_find(&plan->ids, kind, name);
	return outcome ? outcome->id : 0;
}

static uint32_t class_id(const struct snapshot *snapshot, size_t class)
{
	return snapshot->plan->ids.items[class].id;
}

static uint32_t queued_id(const struct snapshot *snapshot, size_t class)
{
	return id_of(snapshot->plan, OUTCOME_QUEUED, snapshot->config->classes[class].name);
}

static void map_action(const struct snapshot *snapshot, const struct config_rule *from,
		       struct snapshot_rule *rule)
{
	switch (from->action) {
	case ACTION_CLASS:
	case ACTION_ACCEPT:
		rule->id = class_id(snapshot, from->class_index);
		rule->queued_id = queued_id(snapshot, from->class_index);
		break;
	case ACTION_DROP:
		rule->id = rule->queued_id = id_of(snapshot->plan, OUTCOME_DROP, "drop");
		break;
	case ACTION_REJECT:
		rule->id = rule->queued_id = id_of(snapshot->plan, OUTCOME_REJECT, "reject");
		break;
	case ACTION_CONTINUE:
		break;
	}
}

static bool is_by_user(const struct throttle_item *item)
{
	return item->spec.session.fields & SESSION_BIT(SESSION_USER);
}

static void map_throttle(const struct snapshot *snapshot, const struct config_rule *from,
			 struct snapshot_rule *rule)
{
	const struct config *config = snapshot->config;
	rule->throttle = (uint32_t)from->throttle_index;
	rule->counts_packets = !config->throttles[from->throttle_index].count_connections;
	rule->is_by_user = is_by_user(&snapshot->list.items[rule->throttle]);
	rule->over = from->over == ACTION_REJECT ? OUTCOME_REJECT : OUTCOME_DROP;
	if (from->over != ACTION_CLASS)
		return;
	rule->over = OUTCOME_CLASS;
	rule->over_id = class_id(snapshot, from->over_class_index);
	rule->over_queued_id = queued_id(snapshot, from->over_class_index);
}

/* Only packets that are counted are held against a rule again. */
static void map_owner_tests(const struct ruleset *ruleset, size_t index, struct snapshot_rule *rule)
{
	unsigned count = rule->counts_packets ? ruleset_owner_tests(ruleset, index) : 0;
	rule->n_owner_tests = (uint8_t)(count < SNAPSHOT_ANSWERS ? count : SNAPSHOT_ANSWERS);
}

static void map_rules(struct snapshot *snapshot)
{
	const struct config *config = snapshot->config;
	snapshot->rules = xcalloc(config->n_rules, sizeof(*snapshot->rules));
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct config_rule *from = &config->rules[i];
		snapshot->rules[i].throttle = SNAPSHOT_NO_THROTTLE;
		map_action(snapshot, from, &snapshot->rules[i]);
		if (!from->has_throttle)
			continue;
		map_throttle(snapshot, from, &snapshot->rules[i]);
		map_owner_tests(snapshot->ruleset, i, &snapshot->rules[i]);
		snapshot->n_throttle_rules++;
	}
	snapshot->default_id = class_id(snapshot, 0);
	snapshot->default_queued_id = queued_id(snapshot, 0);
}

static void map_calls(struct snapshot *snapshot)
{
	const struct ids *ids = &snapshot->plan->ids;
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i].id > snapshot->max_id)
			snapshot->max_id = ids->items[i].id;
	snapshot->calls = xcalloc(snapshot->max_id + 1, sizeof(*snapshot->calls));
	memset(snapshot->calls, 0xff, (snapshot->max_id + 1) * sizeof(*snapshot->calls));
	for (size_t i = 0; i < snapshot->list.count; i++)
		snapshot->calls[id_of(snapshot->plan, OUTCOME_CALL, snapshot->list.items[i].tag)] =
			(uint32_t)i;
}

/* A database that is named must be usable, whether or not a rule asks for it yet. */
static void open_geo(struct rulebook *rulebook, struct diags *diags)
{
	const struct config *config = rulebook->config;
	char *why = NULL;
	if (!config->geoip)
		return;
	rulebook->geo = geo_open(config->geoip, &why);
	if (!rulebook->geo)
		diag_error(diags, config->geoip_at, "geoip file `%s`: %s", config->geoip, why);
	free(why);
}

static void rulebook_drop(struct rulebook *rulebook)
{
	if (!rulebook || --rulebook->references)
		return;
	ruleset_free(rulebook->ruleset);
	geo_close(rulebook->geo);
	config_free(rulebook->config);
	free(rulebook);
}

/* Of throttles made by command, those end whose name in nft the file gives to another one. */
static void warn_of_lost(const struct config *config, const struct throttle_list *list,
			 const struct throttle_list *known, struct diags *diags)
{
	for (size_t i = 0; i < known->count; i++) {
		const char *tag = known->items[i].tag;
		const struct throttle_item *taken =
			known->items[i].by_command ? throttle_list_find_call(list, tag) : NULL;
		size_t at = 0;
		if (!taken || strcmp(taken->tag, tag) == 0)
			continue;
		while (at < config->n_throttles &&
		       strcmp(config->throttles[at].tag, taken->tag) != 0)
			at++;
		if (at < config->n_throttles)
			diag_warning(diags, config->throttles[at].at,
				     "throttle `%s` has the same name in nft as `%s`, which was "
				     "made by command and ends with this file",
				     taken->tag, tag);
	}
}

/* Takes over a reference of the rulebook, and the list. */
static struct snapshot *snapshot_new(struct rulebook *rulebook, struct throttle_list list,
				     const struct ids *known, enum config_in_via auto_via,
				     struct diags *diags)
{
	struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
	snapshot->rulebook = rulebook;
	snapshot->config = rulebook->config;
	snapshot->ruleset = rulebook->ruleset;
	snapshot->geo = rulebook->geo;
	snapshot->list = list;
	snapshot->auto_via = auto_via;
	if (!diags->errors)
		snapshot->plan =
			plan_new(snapshot->config, &snapshot->list, known, auto_via, diags);
	if (diags->errors) {
		snapshot_free(snapshot);
		return NULL;
	}
	map_rules(snapshot);
	map_calls(snapshot);
	return snapshot;
}

/* Of a configuration that was read, or NULL; it is taken over. */
static struct snapshot *compile(struct config *config, const struct snapshot_known *known,
				struct diags *diags)
{
	struct rulebook *rulebook = xcalloc(1, sizeof(*rulebook));
	struct throttle_list list = {0};
	rulebook->references = 1;
	rulebook->config = config;
	if (config) {
		open_geo(rulebook, diags);
		rulebook->ruleset = ruleset_compile(config, diags);
		throttle_list_merge(&list, config, &known->throttles);
		warn_of_lost(config, &list, &known->throttles, diags);
	}
	return snapshot_new(rulebook, list, &known->ids,
			    known->lacks_ifb ? IN_VIA_POLICE : IN_VIA_IFB, diags);
}

struct snapshot *snapshot_load(const char *path, const struct snapshot_known *known,
			       struct diags *diags)
{
	return compile(config_load(path, diags), known, diags);
}

struct snapshot *snapshot_load_kept(struct config_files *files, const struct snapshot_known *known,
				    struct diags *diags)
{
	return compile(config_load_kept(files, diags), known, diags);
}

struct snapshot *snapshot_renew(const struct snapshot *from, const struct snapshot_known *known,
				struct diags *diags)
{
	struct throttle_list list = {0};
	throttle_list_merge(&list, from->config, &known->throttles);
	from->rulebook->references++;
	return snapshot_new(from->rulebook, list, &known->ids,
			    known->lacks_ifb ? IN_VIA_POLICE : IN_VIA_IFB, diags);
}

void snapshot_drop_files(struct snapshot *snapshot)
{
	config_files_fini(&snapshot->rulebook->config->files);
}

struct snapshot *snapshot_derive(const struct snapshot *from, const struct throttle_list *list,
				 const struct ids *known, enum config_in_via auto_via,
				 struct diags *diags)
{
	struct throttle_list copy = {0};
	throttle_list_copy(&copy, list);
	from->rulebook->references++;
	return snapshot_new(from->rulebook, copy, known, auto_via, diags);
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
	snapshot->holds++;
	return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	if (snapshot->holds) {
		snapshot->holds--;
		return;
	}
	for (size_t i = 0; snapshot->throttles && i < snapshot->list.count; i++)
		throttle_free(snapshot->throttles[i]);
	free(snapshot->throttles);
	throttle_list_fini(&snapshot->list);
	free(snapshot->calls);
	free(snapshot->rules);
	plan_free(snapshot->plan);
	rulebook_drop(snapshot->rulebook);
	free(snapshot);
}

static bool same_sessions(const struct throttle_spec *a, const struct throttle_spec *b)
{
	return a->kind == b->kind && a->session.fields == b->session.fields &&
	       a->session.mask == b->session.mask;
}

/* The throttle of `before` with the sessions that this one is to have, or NULL. */
static struct throttle *find_before(const struct snapshot *before, const struct throttle_item *item)
{
	for (size_t i = 0; before && before->throttles && i < before->list.count; i++)
		if (strcmp(before->list.items[i].tag, item->tag) == 0 &&
		    before->list.items[i].serial == item->serial &&
		    same_sessions(&before->list.items[i].spec, &item->spec))
			return before->throttles[i];
	return NULL;
}

int snapshot_open(struct snapshot *snapshot, const struct snapshot *before)
{
	int error = 0;
	snapshot->throttles = xcalloc(snapshot->list.count, sizeof(struct throttle *));
	for (size_t i = 0; !error && i < snapshot->list.count; i++) {
		const struct throttle_item *item = &snapshot->list.items[i];
		struct throttle *there = find_before(before, item);
		if (there)
			snapshot->throttles[i] = throttle_ref(there);
		else
			error = throttle_new(item->tag, item->serial, &item->spec,
					     &snapshot->throttles[i]);
	}
	return error;
}

void snapshot_apply_limits(struct snapshot *snapshot)
{
	/* Cannot fail: the specification was checked, and the sessions are the same. */
	for (size_t i = 0; i < snapshot->list.count; i++)
		throttle_change(snapshot->throttles[i], &snapshot->list.items[i].spec);
}

enum owner_level snapshot_owner_level(const struct snapshot *snapshot)
{
	enum owner_level level = ruleset_owner_level(snapshot->ruleset);
	for (size_t i = 0; i < snapshot->list.count && level == OWNER_NOTHING; i++)
		if (is_by_user(&snapshot->list.items[i]))
			level = OWNER_USER;
	return level;
}

const struct throttle_item *snapshot_call(const struct snapshot *snapshot, uint32_t id,
					  struct throttle **ret_throttle)
{
	uint32_t position = id <= snapshot->max_id ? snapshot->calls[id] : SNAPSHOT_NO_THROTTLE;
	if (position == SNAPSHOT_NO_THROTTLE)
		return NULL;
	*ret_throttle = snapshot->throttles[position];
	return &snapshot->list.items[position];
}
