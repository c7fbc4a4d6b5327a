/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "config/values.h"
#include "util/alloc.h"
#include "util/text.h"

#define INTERFACES_MAX 256
#define OVERHEAD_MAX 256
#define OVERHEAD_LESS_MAX 64

static void read_leaf(struct reader *reader, const char *key, const struct node *value, void *field)
{
	static const char *const words[] = {"auto", "fq_codel", "cake", "sfq", "pfifo"};
	static const enum config_leaf leaves[] = {LEAF_AUTO, LEAF_FQ_CODEL, LEAF_CAKE, LEAF_SFQ,
						  LEAF_PFIFO};
	size_t position;
	if (value_word(reader, key, value, words, 5, &position))
		*(enum config_leaf *)field = leaves[position];
}

/* As tc(8) has it: a line may also have less than the interface counts, such as no Ethernet header.
 */
static void read_overhead(struct reader *reader, const char *key, const struct node *value,
			  void *field)
{
	uint64_t number;
	bool is_negative = value->text[0] == '-';
	if (text_to_u64(value->text + is_negative, OVERHEAD_MAX, &number) ||
	    (is_negative && number > OVERHEAD_LESS_MAX))
		report_error(reader->diags, value->at,
			     "`%s` is `%s`: write a number of bytes from -%d to %d, such as 44",
			     key, SHOWN(value->text), OVERHEAD_LESS_MAX, OVERHEAD_MAX);
	else
		*(int *)field = is_negative ? -(int)number : (int)number;
}

static void read_link(struct reader *reader, const char *key, const struct node *value, void *field)
{
	static const char *const words[] = {"ethernet", "atm", "ptm"};
	static const enum config_link links[] = {LINK_ETHERNET, LINK_ATM, LINK_PTM};
	size_t position;
	if (value_word(reader, key, value, words, 3, &position))
		*(enum config_link *)field = links[position];
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
	SCHEMA_KEY("in-via", SCHEMA_TEXT | SCHEMA_LIST,
		   "auto, ifb, police, or interfaces of the inside, such as [lan0]", read_in_via,
		   FIELD(in)),
	SCHEMA_KEY("overhead", SCHEMA_TEXT, "a number of bytes, such as 44", read_overhead,
		   FIELD(overhead)),
	SCHEMA_KEY("link", SCHEMA_TEXT, "ethernet, atm or ptm", read_link, FIELD(link)),
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

static bool add_in_interface(struct reader *reader, const struct node *value, struct config_in *in)
{
	if (!check_name(reader, value))
		return false;
	in->interfaces[in->n_interfaces++] = xstrdup(value->text);
	return true;
}

void read_in_via(struct reader *reader, const char *key, const struct node *value, void *field)
{
	static const char *const words[] = {"auto", "ifb", "police"};
	static const enum config_in_via vias[] = {IN_VIA_AUTO, IN_VIA_IFB, IN_VIA_POLICE};
	struct config_in *in = field;
	in->at = value->at;
	for (size_t i = 0; value->kind == NODE_TEXT && i < 3; i++) {
		if (strcmp(value->text, words[i]) == 0) {
			in->via = vias[i];
			return;
		}
	}
	in->via = IN_VIA_INTERFACES;
	in->interfaces = xcalloc(value->kind == NODE_LIST ? value->count : 1, sizeof(char *));
	if (value->kind == NODE_TEXT)
		add_in_interface(reader, value, in);
	else if (value->count == 0)
		report_error(reader->diags, value->at,
			     "`%s` is empty: name the interfaces of the inside, or write auto",
			     key);
	for (size_t i = 0; value->kind == NODE_LIST && i < value->count; i++)
		if (schema_check_kind(reader, key, value->items[i], SCHEMA_TEXT,
				      "the name of an interface"))
			add_in_interface(reader, value->items[i], in);
}

void config_interface_fini(struct config_interface *interface)
{
	for (size_t i = 0; i < interface->in.n_interfaces; i++)
		free(interface->in.interfaces[i]);
	free(interface->in.interfaces);
	free(interface->name);
}

static void check_directions(struct reader *reader, const struct node *name,
			     const struct node *value)
{
	const struct node *in = node_get(value, "in"), *via = node_get(value, "in-via");
	if (!in && !node_get(value, "out"))
		report_error(reader->diags, name->at,
			     "interface `%s` has no rate: write what the line carries, such as "
			     "`out: 20mbit`",
			     name->text);
	if (via && !in)
		report_error(reader->diags, via->at,
			     "interface `%s` has `in-via` and no rate `in`: write what the line "
			     "carries, such as `in: 100mbit`",
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
	check_directions(reader, name, value);
}

/* The interface that has `name` as one of its in-via, but not `but`. */
static const struct config_interface *find_user(const struct config *config, const char *name,
						const struct config_interface *but)
{
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *other = &config->interfaces[i];
		for (size_t k = 0; other != but && k < other->in.n_interfaces; k++)
			if (strcmp(other->in.interfaces[k], name) == 0)
				return other;
	}
	return NULL;
}

/* An interface has one HTB: for what leaves by it, or for what came in by one other interface. */
static void check_in_via(struct reader *reader, const struct config_interface *interface)
{
	const struct config *config = reader->config;
	for (size_t k = 0; k < interface->in.n_interfaces; k++) {
		const char *name = interface->in.interfaces[k];
		const struct config_interface *user = find_user(config, name, interface);
		for (size_t i = 0; i < config->n_interfaces; i++)
			if (strcmp(config->interfaces[i].name, name) == 0 &&
			    config->interfaces[i].out_bps)
				report_error(reader->diags, interface->in.at,
					     "`in-via: %s`: %s is shaped `out` itself and cannot "
					     "carry the classes of %s as well; use ifb or police",
					     name, name, interface->name);
		if (strcmp(name, interface->name) == 0)
			report_error(reader->diags, interface->in.at,
				     "`in-via: %s`: what comes in by %s does not leave by it", name,
				     name);
		if (user && user < interface)
			report_error(reader->diags, interface->in.at,
				     "`in-via: %s`: %s carries the classes of %s already", name,
				     name, user->name);
	}
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
	for (size_t i = 0; i < config->n_interfaces; i++)
		check_in_via(reader, &config->interfaces[i]);
}
