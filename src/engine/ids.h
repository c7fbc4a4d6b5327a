/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decision ids: a small number for every distinct outcome. A name keeps its id and its HTB minor
 * across reload and restart, so that the marks of living connections keep their meaning.
 *
 * A class has a second id for connections whose packets stay queued, because a throttle counts
 * them. The ids of throttles are out of the same numbers, but no decisions: a user's own nft rules
 * write them into the packet mark to call a throttle.
 */
#ifndef ENGINE_IDS_H
#define ENGINE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum outcome_kind { OUTCOME_CLASS, OUTCOME_DROP, OUTCOME_REJECT, OUTCOME_QUEUED, OUTCOME_CALL };

struct outcome {
	uint32_t id; /* 1 … what the mask has room for */
	enum outcome_kind kind;
	char *name;     /* of the class, or the throttle's tag; else `drop` and `reject` */
	uint16_t minor; /* HTB minor of the class, 0 where there is none */
};

/* True where the connection is accepted, into a class. */
static inline bool outcome_has_class(const struct outcome *outcome)
{
	return outcome->kind == OUTCOME_CLASS || outcome->kind == OUTCOME_QUEUED;
}

struct ids {
	struct outcome *items;
	size_t count;
	size_t capacity;
};

void ids_fini(struct ids *ids);

/* Appends a copy. */
void ids_add(struct ids *ids, const struct outcome *outcome);

/* Leaves the first `count`. */
void ids_cut(struct ids *ids, size_t count);

/* The outcome of that kind and name, or NULL. */
const struct outcome *ids_find(const struct ids *ids, enum outcome_kind kind, const char *name);

/* The outcome with that id, or NULL. */
const struct outcome *ids_by_id(const struct ids *ids, uint32_t id);

/* The class with that HTB minor, or NULL. */
const struct outcome *ids_by_minor(const struct ids *ids, uint16_t minor);

/*
 * Gives `name` what it has in `known`, or the lowest id and minor that neither list uses, and
 * appends it; a queued class has the minor of its class, which is assigned before. -ERANGE where
 * the id would exceed `max_id`.
 */
int ids_assign(struct ids *ids, const struct ids *known, enum outcome_kind kind, const char *name,
	       uint32_t max_id);

/* Appends what `earlier` has under ids and names that are still free. */
void ids_remember(struct ids *ids, const struct ids *earlier);

/* `class`, `drop`, `reject`, `queued`, `call`; and back (-EINVAL). */
const char *outcome_kind_text(enum outcome_kind kind);
int outcome_kind_parse(const char *text, enum outcome_kind *ret_kind);

#endif
