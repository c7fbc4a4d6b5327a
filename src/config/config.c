/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a file to a struct config, in these steps:
 *
 *   source.c        bytes, checked to be text, with their lines
 *   yaml_tree.c     a tree of nodes with places (yaml_hint.c: what to do about syntax errors)
 *   include.c       the trees of included files, merged into that of the main file
 *   schema.c        walks over the tree by tables; read_*.c have a table for each section
 *   check_classes.c what only classes and interfaces together show
 *   text_map.c      keeps the way back from an `if:` to the file
 *
 * Every step reports all that it finds; the tree and the bytes are gone when config_load() is done.
 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/include.h"
#include "config/read.h"
#include "config/text_map.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

#define OWNER_DEADLINE_NS 20000000u
#define RATE_MIN_BPS 8 /* HTB counts bytes */

static const struct schema_key keys[] = {
	SCHEMA_REQUIRED("version", SCHEMA_TEXT, "1", read_version, 0,
			"the file begins with `version: 1`"),
	SCHEMA_KEY("geoip", SCHEMA_TEXT, "the path of a country database", read_geoip, 0),
	SCHEMA_KEY("local", SCHEMA_LIST, "a list of prefixes, such as [192.168.1.0/24]", read_local,
		   0),
	SCHEMA_KEY("mark-mask", SCHEMA_TEXT, "bits, such as 0xff000000", read_mark_mask, 0),
	SCHEMA_KEY("management", SCHEMA_LIST, "a list of services, such as [tcp/22]",
		   read_management, 0),
	SCHEMA_KEY("ruleset", SCHEMA_TEXT, "managed or manual", read_ruleset, 0),
	SCHEMA_KEY("queue", SCHEMA_MAP, "a map, such as {workers: auto, length: 4096}", read_queue,
		   offsetof(struct config, queue)),
	SCHEMA_KEY("interfaces", SCHEMA_MAP, "a map, such as {wan0: {out: 20mbit}}",
		   read_interfaces, 0),
	SCHEMA_KEY("classes", SCHEMA_MAP, "a map, such as {web: {out: 2mbit}}", read_classes, 0),
	SCHEMA_KEY("sets", SCHEMA_MAP, "a map, such as {web-ports: [80, 443]}", read_sets, 0),
	SCHEMA_KEY("throttles", SCHEMA_MAP, "a map, such as {SMTP: {limit: 25/60}}", read_throttles,
		   0),
	SCHEMA_KEY("rules", SCHEMA_LIST, "a list, such as [{if: dport == 25, action: reject}]",
		   read_rules, 0),
	SCHEMA_KEY("include", SCHEMA_TEXT | SCHEMA_LIST, INCLUDE_EXPECTED, NULL, 0),
};

static const struct schema schema = SCHEMA("the file", keys);

static struct config *config_new(const char *path)
{
	struct config *config = xcalloc(1, sizeof(*config));
	config->path = xstrdup(path);
	config->mark_mask = NFSHAPER_MASK_DEFAULT;
	config->mark_mask_at.file = config->path;
	config->queue = (struct config_queue){
		.length = 4096,
		.fail_open = true,
		.owner_deadline_ns = OWNER_DEADLINE_NS,
	};
	set_default_management(config);
	return config;
}

/* The whole tree into reader->config. */
static void read_tree(struct reader *reader, const struct node *root)
{
	if (!schema_check_kind(reader, "the file", root, SCHEMA_MAP,
			       "keys and values, beginning with version: 1"))
		return;
	const struct node *classes = node_get(root, "classes");
	const struct node *throttles = node_get(root, "throttles");
	reader->classes_unknown = classes && classes->kind != NODE_MAP;
	reader->throttles_unknown = throttles && throttles->kind != NODE_MAP;
	schema_read(reader, &schema, root, reader->config);
	ensure_default_class(reader->config);
	check_classes(reader);
}

/* Of the main file. */
static int load_tree(struct reader *reader)
{
	struct config *config = reader->config;
	struct source source;
	struct yaml_tree tree;
	int error = config_files_load(&config->files, config->path, reader->diags, &source);
	if (!error)
		error = yaml_tree_build(&source, reader->diags, &tree);
	if (error)
		return error;
	if (yaml_trees_add(&reader->trees, &tree)->root)
		return 0;
	diag_error(reader->diags, (struct place){.file = config->path},
		   "is empty: a configuration begins with `version: 1`");
	return -EINVAL;
}

/* Fills the new configuration; NULL where that cannot be read. */
static struct config *load(struct config *config, struct diags *diags)
{
	struct reader reader = {.config = config, .diags = diags};
	int error = load_tree(&reader);
	if (!error) {
		include_files(&reader);
		read_tree(&reader, reader.trees.items[0].root);
	} else {
		config_free(config);
		config = NULL;
	}
	yaml_trees_fini(&reader.trees);
	return config;
}

struct config *config_load(const char *path, struct diags *diags)
{
	return load(config_new(path), diags);
}

struct config *config_load_kept(struct config_files *files, struct diags *diags)
{
	struct config *config = config_new(files->items[0].path);
	config->files = *files;
	config->files.is_copy = true;
	*files = (struct config_files){0};
	return load(config, diags);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_interfaces; i++)
		config_interface_fini(&config->interfaces[i]);
	for (size_t i = 0; i < config->n_classes; i++) {
		free(config->classes[i].name);
		free(config->classes[i].interface);
	}
	for (size_t i = 0; i < config->n_rules; i++) {
		free(config->rules[i].name);
		config_text_fini(&config->rules[i].condition);
	}
	for (size_t i = 0; i < config->n_sets; i++)
		config_set_fini(&config->sets[i]);
	for (size_t i = 0; i < config->n_throttles; i++)
		free(config->throttles[i].tag);
	free(config->throttles);
	free(config->sets);
	free(config->interfaces);
	free(config->classes);
	free(config->rules);
	free(config->local);
	free(config->management);
	free(config->geoip);
	config_paths_fini(&config->included);
	config_files_fini(&config->files);
	free(config->path);
	free(config);
}

bool config_class_is_on(const struct config_class *class, const struct config_interface *interface)
{
	return !class->interface || strcmp(class->interface, interface->name) == 0;
}

/* A share is rounded down, so that shares of a whole never add up to more than it. */
static uint64_t rate_of(const struct config_rate *rate, uint64_t line_bps)
{
	uint64_t bps = rate->bps;
	if (rate->is_percent)
		bps = (uint64_t)((double)line_bps * rate->percent / 100 + 0.001);
	return bps < RATE_MIN_BPS ? RATE_MIN_BPS : bps;
}

static struct class_rates rates_of(const struct config_share *share, uint64_t line_bps)
{
	struct class_rates rates = {
		.rate_bps = rate_of(&share->rate, line_bps),
		.ceil_bps = rate_of(&share->ceil, line_bps),
	};
	bool is_derived = share->rate.at.line == 0;
	if (is_derived && rates.rate_bps > rates.ceil_bps)
		rates.rate_bps = rates.ceil_bps;
	return rates;
}

struct class_rates config_class_out(const struct config_class *class, uint64_t interface_bps)
{
	return rates_of(&class->out, interface_bps);
}

struct class_rates config_class_in(const struct config_class *class, uint64_t interface_bps)
{
	return rates_of(&class->in, interface_bps);
}
