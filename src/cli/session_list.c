/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/session_list.h"

#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/member.h"
#include "util/alloc.h"

#define KEYS_FIRST 4096

void session_list_fini(struct session_list *list)
{
	free(list->rows);
	free(list->keys);
	*list = (struct session_list){0};
}

void session_list_clear(struct session_list *list)
{
	list->count = 0;
	list->keys_size = 0;
}

/* Appends the key's text; where it begins. */
static size_t add_key(struct session_list *list, const json_t *key)
{
	size_t begin = list->keys_size;
	for (;;) {
		size_t room = list->keys_capacity - begin;
		size_t length = json_dumpb(key, list->keys + begin, room, JSON_COMPACT);
		if (length < room) {
			list->keys[begin + length] = '\0';
			list->keys_size = begin + length + 1;
			return begin;
		}
		list->keys_capacity = list->keys_capacity ? 2 * list->keys_capacity : KEYS_FIRST;
		list->keys = xreallocarray(list->keys, list->keys_capacity, 1);
	}
}

static void add_session(struct session_list *list, size_t position, const json_t *session)
{
	list->rows = array_grow(list->rows, list->count, &list->capacity, sizeof(*list->rows));
	list->rows[list->count++] = (struct session_row){
		.key = add_key(list, json_object_get(session, "session")),
		.age = (uint64_t)member_number(session, "age"),
		.window_left = json_number_value(json_object_get(session, "window_left")),
		.idle = json_number_value(json_object_get(session, "idle")),
		.count = (uint32_t)member_number(session, "count"),
		.passed = (uint32_t)member_number(session, "passed"),
		.over = (uint32_t)member_number(session, "over"),
		.throttle = (uint32_t)position,
	};
}

int session_list_ask(const struct cli *cli, struct session_list *list, size_t position,
		     session_list_part part, void *context)
{
	json_int_t serial = member_number(json_array_get(list->throttles, position), "serial");
	json_int_t cursor = 0;
	bool more = true;
	while (more) {
		json_t *answer = NULL, *session;
		size_t index;
		int status = client_ask(cli, "sessions",
					json_pack("{s:I, s:I}", "serial", serial, "cursor", cursor),
					&answer);
		if (status)
			return status;
		json_array_foreach(json_object_get(answer, "sessions"), index, session)
			add_session(list, position, session);
		more = json_is_integer(json_object_get(answer, "cursor"));
		cursor = member_number(answer, "cursor");
		json_decref(answer);
		status = part ? part(list, context) : EXIT_DONE;
		if (status)
			return status;
	}
	return EXIT_DONE;
}

static int compare_rows(const void *left, const void *right)
{
	const struct session_row *a = left, *b = right;
	uint64_t in_all_a = (uint64_t)a->passed + a->over, in_all_b = (uint64_t)b->passed + b->over;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (in_all_a != in_all_b)
		return in_all_a > in_all_b ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

void session_list_sort(struct session_list *list)
{
	if (list->count)
		qsort(list->rows, list->count, sizeof(*list->rows), compare_rows);
}
