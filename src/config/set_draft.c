/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config/set_file.h"
#include "util/alloc.h"

#define WARNINGS_MAX 10 /* for one set */

static bool refuse(struct reader *reader, struct place at, const char *text, size_t length)
{
	if (length == 0)
		report_error(reader->diags, at, "the entry is empty: remove it");
	else if (length > SET_ENTRY_BYTES_MAX)
		report_error(reader->diags, at, "the entry is longer than %d bytes",
			     SET_ENTRY_BYTES_MAX);
	else if (*text == '@')
		report_error(reader->diags, at,
			     "a set cannot hold a set: name both where they are used, such as `in "
			     "[@one, @two]`");
	else
		return false;
	return true;
}

static void *make_room(void *bytes, size_t used, size_t more, size_t *capacity)
{
	if (used + more <= *capacity)
		return bytes;
	while (used + more > *capacity)
		*capacity = *capacity ? *capacity * 2 : 256;
	return xreallocarray(bytes, *capacity, 1);
}

bool set_draft_add(struct set_draft *draft, struct reader *reader, struct place at,
		   const char *text, size_t length)
{
	struct config_set *set = draft->set;
	if (refuse(reader, at, text, length))
		return false;
	if (draft->budget->entries == 0) {
		report_error(reader->diags, at, "the sets have more than %u entries together",
			     SETS_ENTRIES_MAX);
		return false;
	}
	draft->budget->entries--;
	set->texts = make_room(set->texts, draft->bytes, length + 1, &draft->bytes_capacity);
	memcpy(set->texts + draft->bytes, text, length);
	set->texts[draft->bytes + length] = '\0';
	draft->offsets = array_grow(draft->offsets, set->n_entries, &draft->offsets_capacity,
				    sizeof(*draft->offsets));
	draft->offsets[set->n_entries] = draft->bytes;
	draft->bytes += length + 1;
	set->entries = array_grow(set->entries, set->n_entries, &draft->entries_capacity,
				  sizeof(*set->entries));
	set->entries[set->n_entries++] = (struct config_set_entry){.at = at};
	return true;
}

/* By text, and in the file's order where that is the same. */
static int compare(const void *a, const void *b)
{
	const struct config_set_entry *const *x = a, *const *y = b;
	int order = strcmp((*x)->text, (*y)->text);
	return order ? order : (*x > *y) - (*x < *y);
}

static void warn_twice(const struct config_set *set, const struct config_set_entry *first,
		       const struct config_set_entry *again, struct diags *diags)
{
	diag_warning(diags, again->at, "`%s` is listed twice in set `%s`; the first is in %s",
		     SHOWN(again->text), SHOWN(set->name), PLACE_SHOWN(first->at, again->at));
}

static void find_twice(const struct config_set *set, struct diags *diags)
{
	const struct config_set_entry **sorted = xcalloc(set->n_entries, sizeof(*sorted));
	size_t n_twice = 0;
	for (size_t i = 0; i < set->n_entries; i++)
		sorted[i] = &set->entries[i];
	qsort(sorted, set->n_entries, sizeof(*sorted), compare);
	for (size_t i = 1, first = 0; i < set->n_entries; i++) {
		if (strcmp(sorted[first]->text, sorted[i]->text) != 0)
			first = i;
		else if (++n_twice <= WARNINGS_MAX)
			warn_twice(set, sorted[first], sorted[i], diags);
	}
	if (n_twice > WARNINGS_MAX)
		diag_warning(diags, set->at, "%zu more entries of set `%s` are listed twice",
			     n_twice - WARNINGS_MAX, SHOWN(set->name));
	free(sorted);
}

void set_draft_end(struct set_draft *draft, struct reader *reader)
{
	struct config_set *set = draft->set;
	for (size_t i = 0; i < set->n_entries; i++)
		set->entries[i].text = set->texts + draft->offsets[i];
	free(draft->offsets);
	if (set->n_entries > 1)
		find_twice(set, reader->diags);
}
