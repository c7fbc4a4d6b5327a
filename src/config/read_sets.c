/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "config/set_file.h"
#include "util/alloc.h"

#define NAME_MAX_BYTES 63
#define FILE_PREFIX "file:"
#define EXPECTED "a list, such as [80, 443], or file:NAME"

static void check_name(struct reader *reader, const struct node *name)
{
	const char *text = name->text;
	if (strlen(text) > NAME_MAX_BYTES)
		report_error(reader->diags, name->at,
			     "`%s` is too long for a set: at most %d bytes", SHOWN(text),
			     NAME_MAX_BYTES);
	else if (text[0] == '@')
		report_error(reader->diags, name->at,
			     "`%s`: the name of a set has its `@` only where it is used",
			     SHOWN(text));
	/* What cannot be part of a word of an expression. */
	else if (!text[0] || strpbrk(text, " \t\n()[]{},=!<>'\"`:/"))
		report_error(reader->diags, name->at,
			     "`%s` cannot be a set: a name has no blanks, quotes, brackets, `,`, "
			     "`:`, `/`, `=`, `!`, `<` or `>`",
			     SHOWN(text));
}

/* An entry is a text; the empty one in quotes is refused later. */
static bool check_entry(struct reader *reader, const char *set, const struct node *item)
{
	if (item->kind == NODE_TEXT && !node_is_empty(item))
		return true;
	report_error(reader->diags, item->at,
		     "an entry of set `%s` is %s: it is one value, such as 80", SHOWN(set),
		     item->kind == NODE_LIST  ? "a list"
		     : item->kind == NODE_MAP ? "a map"
					      : "empty");
	return false;
}

static void read_list(struct set_draft *draft, struct reader *reader, const struct node *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct node *item = list->items[i];
		struct place at = item->at;
		if (!check_entry(reader, draft->set->name, item))
			continue;
		at.column += item->style == STYLE_SINGLE || item->style == STYLE_DOUBLE;
		if (strncmp(item->text, FILE_PREFIX, strlen(FILE_PREFIX)) == 0)
			report_error(reader->diags, at,
				     "a file is a whole set: write `%s: %s`, without brackets",
				     SHOWN(draft->set->name), SHOWN(item->text));
		else
			set_draft_add(draft, reader, at, item->text, strlen(item->text));
	}
}

/* `file:NAME` */
static void read_file(struct set_draft *draft, struct reader *reader, const struct node *value)
{
	const char *name = value->text + strlen(FILE_PREFIX);
	if (strncmp(value->text, FILE_PREFIX, strlen(FILE_PREFIX)) != 0 || !*name) {
		report_error(reader->diags, value->at, "`%s` is the text `%s`: write " EXPECTED,
			     SHOWN(draft->set->name), SHOWN(value->text));
		return;
	}
	draft->set->file = path_beside(value->at.file, name);
	set_file_read(draft, reader, value, draft->set->file);
}

static void read_set(struct reader *reader, const struct node *name, const struct node *value,
		     struct set_budget *budget, struct config_set *set)
{
	struct set_draft draft = {.set = set, .budget = budget};
	check_name(reader, name);
	set->name = xstrdup(name->text);
	set->at = name->at;
	if (schema_check_kind(reader, name->text, value, SCHEMA_LIST | SCHEMA_TEXT, EXPECTED)) {
		if (value->kind == NODE_LIST)
			read_list(&draft, reader, value);
		else
			read_file(&draft, reader, value);
	}
	set_draft_end(&draft, reader);
}

static int compare_sets(const void *a, const void *b)
{
	const struct config_set *x = a, *y = b;
	return strcmp(x->name, y->name);
}

void read_sets(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	struct set_budget budget = {SETS_ENTRIES_MAX, SETS_FILE_BYTES_MAX};
	(void)key;
	config->sets = xcalloc(value->count, sizeof(*config->sets));
	for (; config->n_sets < value->count; config->n_sets++)
		read_set(reader, value->keys[config->n_sets], value->items[config->n_sets], &budget,
			 &config->sets[config->n_sets]);
	if (config->n_sets > 1)
		qsort(config->sets, config->n_sets, sizeof(*config->sets), compare_sets);
}

void config_set_fini(struct config_set *set)
{
	free(set->name);
	free(set->file);
	free(set->texts);
	free(set->entries);
}

static int compare_name(const void *name, const void *set)
{
	return strcmp(name, ((const struct config_set *)set)->name);
}

const struct config_set *config_set_find(const struct config *config, const char *name)
{
	if (config->n_sets == 0)
		return NULL;
	return bsearch(name, config->sets, config->n_sets, sizeof(*config->sets), compare_name);
}
