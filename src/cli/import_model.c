/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/import_model.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

void import_comment_add(struct import_comments *comments, const char *text, size_t length)
{
	comments->lines =
		array_grow(comments->lines, comments->count, &comments->capacity, sizeof(char *));
	comments->lines[comments->count++] = xstrndup(text, length);
}

void import_note(struct import_comments *comments, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	char *line = xasprintf("import: %s", text);
	import_comment_add(comments, line, strlen(line));
	free(line);
	free(text);
}

void import_comments_move(struct import_comments *to, struct import_comments *from)
{
	for (size_t i = 0; i < from->count; i++)
		import_comment_add(to, from->lines[i], strlen(from->lines[i]));
	import_comments_fini(from);
}

void import_comments_fini(struct import_comments *comments)
{
	for (size_t i = 0; i < comments->count; i++)
		free(comments->lines[i]);
	free(comments->lines);
	*comments = (struct import_comments){0};
}

void import_statement_fini(struct import_statement *statement)
{
	free(statement->text);
	free(statement->runs);
	import_comments_fini(&statement->comments);
	*statement = (struct import_statement){0};
}

void import_rule_fini(struct import_rule *rule)
{
	free(rule->expression);
	free(rule->problem);
	import_comments_fini(&rule->comments);
	*rule = (struct import_rule){0};
}

static void class_free(struct import_class *class)
{
	for (size_t i = 0; i < class->n_rules; i++)
		import_rule_fini(&class->rules[i]);
	import_rule_fini(&class->fixed);
	import_comments_fini(&class->comments);
	free(class->rules);
	free(class->raddr);
	free(class->laddr);
	free(class->final_name);
	free(class->name);
	free(class);
}

static void interface_free(struct import_interface *interface)
{
	for (size_t i = 0; i < interface->n_classes; i++)
		class_free(interface->classes[i]);
	import_comments_fini(&interface->comments);
	free(interface->classes);
	free(interface->name);
	free(interface);
}

void import_model_fini(struct import_model *model)
{
	for (size_t i = 0; i < model->n_interfaces; i++)
		interface_free(model->interfaces[i]);
	free(model->interfaces);
	import_comments_fini(&model->comments);
	import_comments_fini(&model->rest);
	*model = (struct import_model){0};
}

uint64_t import_line_bps(const struct import_rate *rate)
{
	return rate->bps ? rate->bps : IMPORT_LINE_BPS;
}

bool import_shapes_in(const struct import_interface *interface)
{
	bool shapes = interface->in.bps > 0;
	for (size_t i = 0; i < interface->n_classes; i++)
		shapes |= interface->classes[i]->in.bps > 0;
	return shapes;
}
