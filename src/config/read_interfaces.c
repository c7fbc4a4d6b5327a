/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "config/values.h"
#include "util/alloc.h"

#define INTERFACES_MAX 256

static void read_leaf(struct reader *reader, const char *key, const struct node *value, void *field)
{
	static const char *const words[] = {"auto", "fq_codel", "cake", "sfq", "pfifo"};
	static const enum config_leaf leaves[] = {LEAF_AUTO, LEAF_FQ_CODEL, LEAF_CAKE, LEAF_SFQ,
						  LEAF_PFIFO};
	size_t position;
	if (value_word(reader, key, value, words, 5, &position))
		*(enum config_leaf *)field = leaves[position];
}

#define FIELD(name) offsetof(struct config_interface, name)

static const struct schema_key keys[] = {
	SCHEMA_KEY("out", SCHEMA_TEXT, "the line's rate, such as 20mbit", value_line_rate,
		   FIELD(out_bps)),
	SCHEMA_KEY("in", SCHEMA_TEXT, "the line's rate, such as 100mbit", value_line_rate,
		   FIELD(in_bps)),
	SCHEMA_KEY("leaf", SCHEMA_TEXT, "auto, fq_codel, cake, sfq or pfifo", read_leaf,
		   FIELD(leaf)),
	SCHEMA_KEY("replace", SCHEMA_TEXT, "true or false", value_bool, FIELD(replace)),
	SCHEMA_LATER("in-via"),
};

static const struct schema schema = SCHEMA("an interface", keys);

/* What the kernel takes for a name (net/core/dev.c, dev_valid_name()). */
static bool check_name(struct reader *reader, const struct node *name)
{
	const char *text = name->text;
	if (strlen(text) >= IFNAMSIZ) {
		report_error(reader->diags, name->at,
			     "`%s` is too long for an interface: at most %d bytes", SHOWN(text),
			     IFNAMSIZ - 1);
		return false;
	}
	if (!text[0] || strpbrk(text, "/: \t\n") || !strcmp(text, ".") || !strcmp(text, "..")) {
		report_error(reader->diags, name->at,
			     "`%s` cannot be an interface: a name has no blanks, `/` or `:`",
			     SHOWN(text));
		return false;
	}
	return true;
}

static void check_directions(struct reader *reader, const struct node *name,
			     const struct node *value, bool has_in)
{
	const struct node *in = node_get(value, "in");
	if (!in && !node_get(value, "out"))
		report_error(reader->diags, name->at,
			     "interface `%s` has no rate: write what the line carries, such as "
			     "`out: 20mbit`",
			     name->text);
	if (in && has_in)
		diag_warning(reader->diags, in->at,
			     "shaping what comes in is not available in this version yet: traffic "
			     "coming in by %s is not shaped",
			     name->text);
}

static void read_interface(struct reader *reader, const struct node *name, const struct node *value)
{
	struct config *config = reader->config;
	struct config_interface *interface = &config->interfaces[config->n_interfaces];
	if (!check_name(reader, name) ||
	    !schema_check_kind(reader, name->text, value, SCHEMA_MAP,
			       "the line's rate as a map, such as {out: 20mbit}"))
		return;
	config->n_interfaces++;
	interface->name = xstrdup(name->text);
	interface->at = name->at;
	schema_read(reader, &schema, value, interface);
	check_directions(reader, name, value, interface->in_bps > 0);
}

void read_interfaces(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	if (value->count > INTERFACES_MAX) {
		report_error(reader->diags, value->at, "`%s`: at most %d can be shaped", key,
			     INTERFACES_MAX);
		return;
	}
	config->interfaces = xcalloc(value->count, sizeof(*config->interfaces));
	for (size_t i = 0; i < value->count; i++)
		read_interface(reader, value->keys[i], value->items[i]);
}
