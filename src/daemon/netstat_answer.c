/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/netstat_json.h"
#include "util/alloc.h"
#include "util/id_map.h"

/* JSON values, to be separated by commas. */
struct list {
	char **items;
	size_t count;
	size_t capacity;
};

struct owner_entry {
	size_t position;
	const char *text; /* of the list of owners */
};

struct netstat_answer {
	struct list rows;
	struct list owners;
	struct id_map *known; /* the last owner_entry of a process and user */
};

struct netstat_answer *netstat_answer_new(void)
{
	struct netstat_answer *answer = xcalloc(1, sizeof(*answer));
	answer->known = id_map_new(0, free);
	return answer;
}

static void list_fini(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

void netstat_answer_free(struct netstat_answer *answer)
{
	if (!answer)
		return;
	id_map_free(answer->known);
	list_fini(&answer->rows);
	list_fini(&answer->owners);
	free(answer);
}

static void list_add(struct list *list, char *item)
{
	list->items = array_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = item;
}

static char *text_of(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

json_t *netstat_answer_owner(struct netstat_answer *answer, const struct owner *owner)
{
	uint64_t id = (uint64_t)owner->pid << 32 | owner->uid;
	struct owner_entry *entry = id_map_get(answer->known, id);
	if (!owner->has_uid && !owner->has_pid)
		return json_null();
	char *text = text_of(netstat_owner_values(owner));
	/* It may run another program meanwhile, or have sockets out of several control groups. */
	if (entry && strcmp(entry->text, text) == 0) {
		free(text);
		return json_integer((json_int_t)entry->position);
	}
	list_add(&answer->owners, text);
	entry = xcalloc(1, sizeof(*entry));
	*entry = (struct owner_entry){answer->owners.count - 1, text};
	id_map_put(answer->known, id, entry);
	return json_integer((json_int_t)entry->position);
}

void netstat_answer_row(struct netstat_answer *answer, char *row)
{
	list_add(&answer->rows, row);
}

static void write_list(FILE *out, const char *name, const struct list *list)
{
	fprintf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i ? "," : "", list->items[i]);
	fputc(']', out);
}

char *netstat_answer_text(struct netstat_answer *answer, unsigned n_late)
{
	char *text = NULL, *keys = text_of(netstat_keys());
	char *owner_keys = text_of(netstat_owner_keys());
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort(); /* as xcalloc() does */
	fprintf(out, "{\"keys\":%s,\"owner_keys\":%s", keys, owner_keys);
	write_list(out, "rows", &answer->rows);
	write_list(out, "owners", &answer->owners);
	fprintf(out, ",\"late\":%u}", n_late);
	fclose(out);
	free(owner_keys);
	free(keys);
	return text;
}
