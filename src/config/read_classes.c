/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "config/values.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"

#define PRIORITY_MAX 7
#define PRIORITY_DEFAULT 3
#define CLASS_NAME_MAX 63
#define RATE_EXPECTED "a rate, such as 2mbit or 10%"

static void read_priority(struct reader *reader, const char *key, const struct node *value,
			  void *field)
{
	uint64_t number;
	if (value_number(reader, key, value, 0, PRIORITY_MAX, &number))
		*(unsigned *)field = (unsigned)number;
}

static const struct schema_key share_keys[] = {
	SCHEMA_KEY("rate", SCHEMA_TEXT, RATE_EXPECTED, value_rate,
		   offsetof(struct config_share, rate)),
	SCHEMA_KEY("ceil", SCHEMA_TEXT, RATE_EXPECTED, value_rate,
		   offsetof(struct config_share, ceil)),
};

static const struct schema share_schema = SCHEMA("a class's rates", share_keys);

/* A bare rate is both: what the class is sure of, and the most that it gets. */
static void read_share(struct reader *reader, const char *key, const struct node *value,
		       void *field)
{
	struct config_share *share = field;
	if (value->kind == NODE_MAP) {
		schema_read(reader, &share_schema, value, share);
		return;
	}
	value_rate(reader, key, value, &share->rate);
	share->ceil = share->rate;
}

/* The interfaces have been read before. */
static void read_interface(struct reader *reader, const char *key, const struct node *value,
			   void *field)
{
	const struct config *config = reader->config;
	const char **known = xcalloc(config->n_interfaces, sizeof(*known));
	bool is_known = false;
	for (size_t i = 0; i < config->n_interfaces; i++) {
		known[i] = config->interfaces[i].name;
		is_known |= strcmp(known[i], value->text) == 0;
	}
	char *guess = schema_guess(value->text, known, config->n_interfaces);
	if (!is_known)
		report_error(reader->diags, value->at,
			     "`%s` is `%s`: name one of `interfaces`%s", key, SHOWN(value->text),
			     guess);
	else
		*(char **)field = xstrdup(value->text);
	free(guess);
	free(known);
}

#define SHARE_EXPECTED "a rate, such as 2mbit, or a map {rate: 2mbit, ceil: 100%}"
#define FIELD(name) offsetof(struct config_class, name)

static const struct schema_key class_keys[] = {
	SCHEMA_KEY("priority", SCHEMA_TEXT, "a number from 0 (first) to 7 (last)", read_priority,
		   FIELD(priority)),
	SCHEMA_KEY("out", SCHEMA_TEXT | SCHEMA_MAP, SHARE_EXPECTED, read_share, FIELD(out)),
	SCHEMA_KEY("in", SCHEMA_TEXT | SCHEMA_MAP, SHARE_EXPECTED, read_share, FIELD(in)),
	SCHEMA_KEY("interface", SCHEMA_TEXT, "the name of an interface", read_interface,
		   FIELD(interface)),
};

static const struct schema class_schema = SCHEMA("a class", class_keys);

static bool is_written(const struct config_rate *rate)
{
	return rate->at.line != 0;
}

/* What the file leaves open: rate 1 %, ceil 100 %. */
static void fill_share(struct config_share *share)
{
	if (!is_written(&share->rate))
		share->rate = (struct config_rate){.is_percent = true, .percent = 1};
	if (!is_written(&share->ceil))
		share->ceil = (struct config_rate){.is_percent = true, .percent = 100};
}

static void check_name(struct reader *reader, const struct node *name)
{
	const char *text = name->text;
	if (strlen(text) > CLASS_NAME_MAX)
		report_error(reader->diags, name->at,
			     "`%s` is too long for a class: at most %d bytes", SHOWN(text),
			     CLASS_NAME_MAX);
	else if (!text[0] || strpbrk(text, " \t\n,:/'\"`[]{}()"))
		report_error(reader->diags, name->at,
			     "`%s` cannot be a class: a name has no blanks, quotes, brackets, `,`, "
			     "`:` or `/`",
			     SHOWN(text));
}

static void read_class(struct reader *reader, const struct node *name, const struct node *value,
		       struct config_class *class)
{
	check_name(reader, name);
	class->name = xstrdup(name->text);
	class->at = name->at;
	class->priority = PRIORITY_DEFAULT;
	if (schema_check_kind(reader, name->text, value, SCHEMA_MAP,
			      "the class as a map, such as {priority: 1, out: 2mbit}"))
		schema_read(reader, &class_schema, value, class);
	fill_share(&class->out);
	fill_share(&class->in);
	if (class->interface && strcmp(name->text, NFSHAPER_CLASS_DEFAULT) == 0)
		report_error(reader->diags, name->at,
			     "class `default` cannot be limited to an interface: it is what every "
			     "other class falls back to");
}

void read_classes(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	(void)key;
	config->classes = xcalloc(value->count + 1, sizeof(*config->classes));
	config->n_classes = 1; /* [0] waits for `default` */
	for (size_t i = 0; i < value->count; i++) {
		const struct node *name = value->keys[i];
		bool is_default = strcmp(name->text, NFSHAPER_CLASS_DEFAULT) == 0;
		size_t position = is_default ? 0 : config->n_classes++;
		read_class(reader, name, value->items[i], &config->classes[position]);
	}
	ensure_default_class(config);
}

void ensure_default_class(struct config *config)
{
	if (config->n_classes == 0) {
		config->classes = xcalloc(1, sizeof(*config->classes));
		config->n_classes = 1;
	}
	if (config->classes[0].name)
		return;
	struct config_class *class = &config->classes[0];
	class->name = xstrdup(NFSHAPER_CLASS_DEFAULT);
	class->priority = PRIORITY_MAX;
	class->is_implicit = true;
	fill_share(&class->out);
	fill_share(&class->in);
}
