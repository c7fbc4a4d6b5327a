/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/throttle_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/throttle_limit.h"
#include "util/alloc.h"

#define NS_PER_S 1000000000ull
#define BITS_PER_BYTE 8

/* What the configuration lets pass, a throttle must take. */
static_assert(THROTTLE_SESSIONS_MAX == SESSION_STORE_MAX, "numbers of sessions");
static_assert(THROTTLE_BURST_MAX_BYTES == BUCKET_BURST_MAX_BYTES, "largest burst");
static_assert(CONFIG_THROTTLE_MAX_DEFAULT == THROTTLE_MAX_DEFAULT, "sessions by default");

void throttle_list_fini(struct throttle_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].tag);
	free(list->items);
	*list = (struct throttle_list){0};
}

struct throttle_item *throttle_list_add(struct throttle_list *list,
					const struct throttle_item *item)
{
	list->items = array_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
	struct throttle_item *added = &list->items[list->count++];
	*added = *item;
	added->tag = xstrdup(item->tag);
	if (!added->serial)
		added->serial = list->last_serial + 1;
	if (added->serial > list->last_serial)
		list->last_serial = added->serial;
	return added;
}

void throttle_list_remove(struct throttle_list *list, size_t position)
{
	free(list->items[position].tag);
	list->count--;
	memmove(&list->items[position], &list->items[position + 1],
		(list->count - position) * sizeof(*list->items));
}

struct throttle_item *throttle_list_find(const struct throttle_list *list, const char *tag)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].tag, tag) == 0)
			return &list->items[i];
	return NULL;
}

const struct throttle_item *throttle_list_find_call(const struct throttle_list *list,
						    const char *tag)
{
	char *wanted = throttle_call_name(tag);
	const struct throttle_item *found = NULL;
	for (size_t i = 0; !found && i < list->count; i++) {
		char *name = throttle_call_name(list->items[i].tag);
		if (strcmp(name, wanted) == 0)
			found = &list->items[i];
		free(name);
	}
	free(wanted);
	return found;
}

static struct throttle_spec spec_of(const struct config_throttle *throttle)
{
	uint64_t bytes_per_s = throttle->rate_bps / BITS_PER_BYTE;
	return (struct throttle_spec){
		.kind = throttle->rate_bps ? THROTTLE_BUCKET : THROTTLE_WINDOW,
		.window = {throttle->limit.packets, throttle->limit.span_s * NS_PER_S},
		.bucket = {bytes_per_s ? bytes_per_s : 1, throttle->burst_bytes},
		.session = {throttle->session, throttle->mask},
		.count = throttle->count_connections ? THROTTLE_CONNECTIONS : THROTTLE_PACKETS,
		.max = throttle->max,
		.buckets = throttle->buckets,
		.expire_ns = throttle->expire_s * NS_PER_S,
	};
}

void throttle_list_merge(struct throttle_list *list, const struct config *config,
			 const struct throttle_list *known)
{
	list->last_serial = known->last_serial;
	for (size_t i = 0; i < config->n_throttles; i++) {
		const struct config_throttle *throttle = &config->throttles[i];
		const struct throttle_item *before = throttle_list_find(known, throttle->tag);
		throttle_list_add(list, &(struct throttle_item){
						.tag = throttle->tag,
						.serial = before ? before->serial : 0,
						.over_rejects = throttle->over == ACTION_REJECT,
						.spec = spec_of(throttle),
					});
	}
	for (size_t i = 0; i < known->count; i++)
		if (known->items[i].by_command &&
		    !throttle_list_find_call(list, known->items[i].tag))
			throttle_list_add(list, &known->items[i]);
}

void throttle_list_copy(struct throttle_list *list, const struct throttle_list *from)
{
	list->last_serial = from->last_serial;
	for (size_t i = 0; i < from->count; i++)
		throttle_list_add(list, &from->items[i]);
}
