/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/ids.h"

#include <errno.h>
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

static const char *const kind_texts[] = {
	[OUTCOME_CLASS] = "class",   [OUTCOME_DROP] = "drop", [OUTCOME_REJECT] = "reject",
	[OUTCOME_QUEUED] = "queued", [OUTCOME_CALL] = "call",
};

void ids_fini(struct ids *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		free(ids->items[i].name);
	free(ids->items);
	*ids = (struct ids){0};
}

void ids_add(struct ids *ids, const struct outcome *outcome)
{
	ids->items = array_grow(ids->items, ids->count, &ids->capacity, sizeof(*ids->items));
	ids->items[ids->count] = *outcome;
	ids->items[ids->count++].name = xstrdup(outcome->name);
}

void ids_cut(struct ids *ids, size_t count)
{
	while (ids->count > count)
		free(ids->items[--ids->count].name);
}

const struct outcome *ids_find(const struct ids *ids, enum outcome_kind kind, const char *name)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i].kind == kind && strcmp(ids->items[i].name, name) == 0)
			return &ids->items[i];
	return NULL;
}

const struct outcome *ids_by_id(const struct ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i].id == id)
			return &ids->items[i];
	return NULL;
}

const struct outcome *ids_by_minor(const struct ids *ids, uint16_t minor)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i].kind == OUTCOME_CLASS && ids->items[i].minor == minor)
			return &ids->items[i];
	return NULL;
}

static uint32_t free_id(const struct ids *ids, const struct ids *known)
{
	uint32_t id = 1;
	while (ids_by_id(ids, id) || ids_by_id(known, id))
		id++;
	return id;
}

/* The first leaf is always class default: HTB cannot change its default afterwards. */
static uint16_t free_minor(const struct ids *ids, const struct ids *known, const char *name)
{
	uint16_t minor = NFSHAPER_HTB_FIRST;
	if (strcmp(name, NFSHAPER_CLASS_DEFAULT) == 0)
		return NFSHAPER_HTB_FIRST;
	do
		minor++;
	while (ids_by_minor(ids, minor) || ids_by_minor(known, minor));
	return minor;
}

int ids_assign(struct ids *ids, const struct ids *known, enum outcome_kind kind, const char *name,
	       uint32_t max_id)
{
	const struct outcome *same = ids_find(known, kind, name);
	struct outcome outcome = {.kind = kind, .name = (char *)name};
	outcome.id = same ? same->id : free_id(ids, known);
	if (kind == OUTCOME_CLASS)
		outcome.minor = same ? same->minor : free_minor(ids, known, name);
	else if (kind == OUTCOME_QUEUED)
		outcome.minor = ids_find(ids, OUTCOME_CLASS, name)->minor;
	if (outcome.id > max_id)
		return -ERANGE;
	ids_add(ids, &outcome);
	return 0;
}

void ids_remember(struct ids *ids, const struct ids *earlier)
{
	for (size_t i = 0; i < earlier->count; i++) {
		const struct outcome *old = &earlier->items[i];
		if (!ids_by_id(ids, old->id) && !ids_find(ids, old->kind, old->name))
			ids_add(ids, old);
	}
}

const char *outcome_kind_text(enum outcome_kind kind)
{
	return kind_texts[kind];
}

int outcome_kind_parse(const char *text, enum outcome_kind *ret_kind)
{
	for (size_t i = 0; i < sizeof(kind_texts) / sizeof(kind_texts[0]); i++) {
		if (strcmp(text, kind_texts[i]) == 0) {
			*ret_kind = (enum outcome_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}
