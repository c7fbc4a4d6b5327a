/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <nfshaper/control.h>
#include <nfshaper/mark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/throttle_json.h"
#include "kernel/table.h"
#include "util/alloc.h"
#include "util/file.h"
#include "util/log.h"

#define STATE_VERSION 1
#define STATE_DAMAGED ".damaged"

void state_fini(struct state *state)
{
	ids_fini(&state->known.ids);
	throttle_list_fini(&state->known.throttles);
	*state = (struct state){0};
}

/* One entry of the file; 0 or -EBADMSG. */
static int read_outcome(json_t *item, struct ids *ids)
{
	const char *kind = NULL, *name = NULL;
	int id = 0, minor = 0;
	struct outcome outcome = {0};
	if (json_unpack(item, "{s:i, s:s, s:s, s:i}", "id", &id, "kind", &kind, "name", &name,
			"minor", &minor) ||
	    outcome_kind_parse(kind, &outcome.kind) || id < 1 || id > UINT16_MAX || minor < 0 ||
	    minor > UINT16_MAX)
		return -EBADMSG;
	outcome.id = (uint32_t)id;
	outcome.minor = (uint16_t)minor;
	outcome.name = (char *)name;
	bool has_minor = outcome.minor >= NFSHAPER_HTB_FIRST;
	bool is_default = has_minor && strcmp(name, NFSHAPER_CLASS_DEFAULT) == 0;
	if (has_minor && is_default != (outcome.minor == NFSHAPER_HTB_FIRST))
		return -EBADMSG;
	if (outcome.kind == OUTCOME_CLASS && ids_by_minor(ids, outcome.minor))
		return -EBADMSG;
	if (has_minor != outcome_has_class(&outcome) || ids_by_id(ids, outcome.id) ||
	    ids_find(ids, outcome.kind, name))
		return -EBADMSG;
	ids_add(ids, &outcome);
	return 0;
}

static int read_state(json_t *root, struct state *state)
{
	json_t *list = NULL, *throttles = NULL, *item;
	size_t index;
	json_int_t mask = 0;
	int version = 0;
	/* A file of a version without throttles has no list of them. */
	if (json_unpack(root, "{s:i, s:I, s:o, s?o}", "version", &version, "mark_mask", &mask,
			"ids", &list, "throttles", &throttles) ||
	    version != STATE_VERSION || mask <= 0 || mask > UINT32_MAX || !json_is_array(list))
		return -EBADMSG;
	json_array_foreach(list, index, item)
	{
		if (read_outcome(item, &state->known.ids))
			return -EBADMSG;
	}
	if (throttles && throttle_list_from_json(throttles, &state->known.throttles))
		return -EBADMSG;
	state->mark_mask = (uint32_t)mask;
	return 0;
}

int state_load(const char *state_dir, struct state *ret_state)
{
	char *path = xasprintf("%s/%s", state_dir, NFSHAPER_STATE_FILE);
	FILE *file = fopen(path, "re");
	int error = file ? 0 : -errno;
	struct state state = {0};
	free(path);
	if (!file) {
		*ret_state = state;
		return error == -ENOENT || error == -ENOTDIR ? 0 : error;
	}
	json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, NULL);
	fclose(file);
	error = root ? read_state(root, &state) : -EBADMSG;
	json_decref(root);
	if (error)
		state_fini(&state);
	*ret_state = state;
	ret_state->is_damaged = error == -EBADMSG;
	return error;
}

static void append(json_t *list, const struct outcome *outcome)
{
	json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:i}", "id", (int)outcome->id,
					      "kind", outcome_kind_text(outcome->kind), "name",
					      outcome->name, "minor", (int)outcome->minor));
}

static json_t *state_json(const struct state *state)
{
	json_t *list = json_array();
	for (size_t i = 0; i < state->known.ids.count; i++)
		append(list, &state->known.ids.items[i]);
	return json_pack("{s:i, s:I, s:o, s:o}", "version", STATE_VERSION, "mark_mask",
			 (json_int_t)state->mark_mask, "ids", list, "throttles",
			 throttle_list_json(&state->known.throttles));
}

int state_save(const char *state_dir, const struct state *state)
{
	int error = make_directory(state_dir, 0755);
	if (error)
		return error;
	char *path = xasprintf("%s/%s", state_dir, NFSHAPER_STATE_FILE);
	json_t *root = state_json(state);
	char *text = json_dumps(root, JSON_INDENT(1));
	error = text ? file_replace(path, 0644, text, strlen(text)) : -ENOMEM;
	json_decref(root);
	free(text);
	free(path);
	return error;
}

int state_recall(const char *state_dir, struct state *ret_state)
{
	int error = state_load(state_dir, ret_state);
	if (ret_state->known.ids.count == 0)
		table_read_ids(&ret_state->known.ids);
	return error;
}

/*
 * Names that are gone keep their ids for the day when they come back, unless that leaves little
 * room: since no living connection bears them, they may be given to others.
 */
static void remember_ids(struct ids *ids, const struct plan *plan, const struct ids *known)
{
	ids_remember(ids, &plan->ids);
	if (plan->ids_forgotten)
		return;
	ids_remember(ids, known);
	if (ids->count > nfshaper_mask_ids(plan->mark_mask) / 2)
		ids_cut(ids, plan->ids.count);
}

/* Throttles that were made by command are nowhere else: somebody may want to read what they were. */
static void set_aside(const char *state_dir)
{
	char *path = xasprintf("%s/%s", state_dir, NFSHAPER_STATE_FILE);
	char *damaged = xasprintf("%s%s", path, STATE_DAMAGED);
	int error = file_rename(path, damaged);
	if (error)
		log_warning("%s is damaged and could not be renamed: %s", path, strerror(-error));
	else
		log_warning("%s is damaged or of another version; it is kept as %s", path, damaged);
	free(damaged);
	free(path);
}

void state_remember(struct state *state, const char *state_dir, const struct snapshot *snapshot)
{
	const struct plan *plan = snapshot->plan;
	struct state now = {.mark_mask = plan->mark_mask,
			    .known.lacks_ifb = state->known.lacks_ifb};
	remember_ids(&now.known.ids, plan, &state->known.ids);
	throttle_list_copy(&now.known.throttles, &snapshot->list);
	if (state->is_damaged)
		set_aside(state_dir);
	state_fini(state);
	*state = now;
	int error = state_save(state_dir, state);
	if (error)
		log_warning("%s/%s could not be written: %s; the ids are kept in the kernel only",
			    state_dir, NFSHAPER_STATE_FILE, strerror(-error));
}
