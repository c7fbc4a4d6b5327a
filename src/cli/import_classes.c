/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A class of pyshaper belonged to one interface, a class here is on all of them: a rate that
 * another interface's line could not bear is written as a share of its own line.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_model.h"
#include "util/alloc.h"

#define PRIORITY_MAX 7
#define SHARE_DIGITS 9

const char *import_rate_text(uint64_t bps, char *buffer)
{
	snprintf(buffer, IMPORT_RATE_TEXT_MAX, "%" PRIu64 ".%03" PRIu64, bps / 1000, bps % 1000);
	size_t length = strlen(buffer);
	while (buffer[length - 1] == '0')
		length--;
	if (buffer[length - 1] == '.')
		length--;
	strcpy(buffer + length, "kbit");
	return buffer;
}

/* As many digits as rules.yaml reads; never 0. */
static const char *share_text(uint64_t bps, uint64_t line_bps, char *buffer)
{
	double percent = 100.0 * (double)bps / (double)line_bps;
	snprintf(buffer, IMPORT_RATE_TEXT_MAX, "%.*f", SHARE_DIGITS,
		 percent > 1e-9 ? percent : 1e-9);
	size_t length = strlen(buffer);
	while (buffer[length - 1] == '0')
		length--;
	if (buffer[length - 1] == '.')
		length--;
	strcpy(buffer + length, "%");
	return buffer;
}

/* The slowest line of all interfaces in one direction. */
static uint64_t slowest_bps(const struct import_model *model, bool in)
{
	uint64_t slowest = UINT64_MAX;
	for (size_t i = 0; i < model->n_interfaces; i++) {
		const struct import_interface *interface = model->interfaces[i];
		uint64_t bps = import_line_bps(in ? &interface->in : &interface->out);
		if ((!in || import_shapes_in(interface)) && bps < slowest)
			slowest = bps;
	}
	return slowest;
}

/* A rate of a class is at most its line's. */
static uint64_t limit(uint64_t bps, uint64_t line_bps, const char *what,
		      struct import_comments *notes)
{
	char have[IMPORT_RATE_TEXT_MAX];
	if (bps <= line_bps)
		return bps;
	import_note(notes, "the %s was %s, above the line's rate", what,
		    import_rate_text(bps, have));
	return line_bps;
}

static void print_rate(FILE *out, const char *key, uint64_t bps, uint64_t line_bps, bool as_share)
{
	char text[IMPORT_RATE_TEXT_MAX];
	fprintf(out, "%s: %s", key,
		as_share ? share_text(bps, line_bps, text) : import_rate_text(bps, text));
}

static void print_out(const struct import_model *model, const struct import_interface *interface,
		      const struct import_class *class, FILE *out, struct import_comments *notes)
{
	uint64_t line = import_line_bps(&interface->out);
	bool has_rate = class->out_rate.bps > 0, has_ceil = class->out_ceil.bps > 0;
	uint64_t ceil = has_ceil ? limit(class->out_ceil.bps, line, "out.ceil", notes) : line;
	uint64_t rate = has_rate ? limit(class->out_rate.bps, line, "out.rate", notes) : line / 2;
	char text[IMPORT_RATE_TEXT_MAX];
	if (rate > ceil && has_rate)
		import_note(notes, "the out.rate %s was above the out.ceil, which is what counted",
			    import_rate_text(rate, text));
	rate = rate > ceil ? ceil : rate;
	uint64_t slowest = slowest_bps(model, false);
	bool as_share = (!has_rate && !has_ceil) || rate > slowest || (has_ceil && ceil > slowest);
	fputs(", out: {", out);
	print_rate(out, "rate", rate, line, as_share);
	print_rate(out, ", ceil", ceil, line, as_share || !has_ceil);
	fputs("}", out);
}

/* What came in was only limited, never guaranteed. */
static void print_in(const struct import_model *model, const struct import_interface *interface,
		     const struct import_class *class, FILE *out, struct import_comments *notes)
{
	uint64_t line = import_line_bps(&interface->in);
	if (!class->in.bps)
		return;
	uint64_t ceil = limit(class->in.bps, line, "in", notes);
	fputs(", in: {", out);
	print_rate(out, "ceil", ceil, line, ceil > slowest_bps(model, true));
	fputs("}", out);
}

char *import_class_body(const struct import_model *model, const struct import_interface *interface,
			const struct import_class *class, struct import_comments *notes)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		abort(); /* as xcalloc() does */
	if (class->priority > PRIORITY_MAX)
		import_note(notes, "the priority was %u; %d comes last", class->priority,
			    PRIORITY_MAX);
	fprintf(out, "{priority: %u",
		class->priority < PRIORITY_MAX ? class->priority : PRIORITY_MAX);
	print_out(model, interface, class, out, notes);
	print_in(model, interface, class, out, notes);
	fputs("}", out);
	fclose(out);
	return text;
}

static bool same_body(const struct import_model *model, const struct import_interface *a,
		      const struct import_class *class_a, const struct import_interface *b,
		      const struct import_class *class_b)
{
	struct import_comments notes = {0};
	char *body_a = import_class_body(model, a, class_a, &notes);
	char *body_b = import_class_body(model, b, class_b, &notes);
	bool same = strcmp(body_a, body_b) == 0;
	import_comments_fini(&notes);
	free(body_a);
	free(body_b);
	return same;
}

/* The class that has this name in rules.yaml already, and its interface; or NULL. */
static struct import_class *find_final(const struct import_model *model, const char *name,
				       const struct import_interface **ret_interface)
{
	for (size_t i = 0; i < model->n_interfaces; i++) {
		struct import_interface *interface = model->interfaces[i];
		for (size_t c = 0; c < interface->n_classes; c++) {
			struct import_class *class = interface->classes[c];
			if (class->final_name && class->merged_into == class &&
			    strcmp(class->final_name, name) == 0) {
				*ret_interface = interface;
				return class;
			}
		}
	}
	return NULL;
}

static char *new_name(const struct import_model *model, const struct import_interface *interface,
		      const struct import_class *class)
{
	const struct import_interface *other;
	char *name = xasprintf("%s-%s", interface->name, class->name);
	while (find_final(model, name, &other)) {
		char *longer = xasprintf("%s-", name);
		free(name);
		name = longer;
	}
	return name;
}

static void name_class(const struct import_model *model, const struct import_interface *interface,
		       struct import_class *class)
{
	const struct import_interface *other;
	struct import_class *earlier = find_final(model, class->name, &other);
	class->merged_into = class;
	bool is_default = strcmp(class->name, IMPORT_DEFAULT_CLASS) == 0;
	if (!earlier) {
		class->final_name = xstrdup(class->name);
	} else if (same_body(model, interface, class, other, earlier)) {
		class->final_name = xstrdup(class->name);
		class->merged_into = earlier;
		import_comments_move(&earlier->comments, &class->comments);
	} else if (is_default) {
		struct import_comments notes = {0};
		char *body = import_class_body(model, interface, class, &notes);
		import_comments_move(&earlier->comments, &class->comments);
		import_note(&earlier->comments,
			    "all interfaces have one default; that of %s is not kept: %s",
			    interface->name, body);
		class->final_name = xstrdup(class->name);
		class->merged_into = earlier;
		import_comments_fini(&notes);
		free(body);
	} else {
		class->final_name = new_name(model, interface, class);
		import_note(&class->comments, "%s has another class `%s`", other->name,
			    class->name);
	}
}

void import_name_classes(struct import_model *model)
{
	for (size_t i = 0; i < model->n_interfaces; i++)
		for (size_t c = 0; c < model->interfaces[i]->n_classes; c++)
			name_class(model, model->interfaces[i], model->interfaces[i]->classes[c]);
}
