/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "rules/attribute.h"
#include "rules/condition.h"
#include "util/alloc.h"

#define REASONS_MAX 12 /* more are counted, not written */

struct explanation {
	FILE *out;
	struct evaluation *evaluation;
	size_t n_reasons;
};

/* args, or args[0] where only that is asked for. */
static char *value_name(const struct predicate *predicate)
{
	const char *name = attribute_info(predicate->attribute)->name;
	return predicate->has_element ? xasprintf("%s[%d]", name, predicate->element)
				      : xstrdup(name);
}

/* Why it is not known, where that is more than that nobody told. */
static void explain_unknown(struct explanation *explanation, const struct predicate *predicate)
{
	const struct facts *facts = explanation->evaluation->facts;
	enum attribute attribute = predicate->attribute;
	struct value list;
	if (attribute_info(attribute)->level == OWNER_NOTHING)
		return;
	if (!facts->owner && facts->direction == DIRECTION_FORWARD)
		fputs(": forwarded traffic has no owner", explanation->out);
	evaluation_get(explanation->evaluation, attribute, &list);
	if (list.type == VALUE_TEXTS)
		fprintf(explanation->out, ": %s has %zu", attribute_info(attribute)->name,
			list.length);
}

/*
 * `under_not`: the test stands below an odd number of nots, where its truth is what makes the
 * rule fail and has to be said aloud.
 */
static void explain_test(struct explanation *explanation, const struct predicate *predicate,
			 bool under_not)
{
	struct value value;
	if (++explanation->n_reasons > REASONS_MAX)
		return;
	if (explanation->n_reasons > 1)
		fputs("; ", explanation->out);
	predicate_value(predicate, explanation->evaluation, &value);
	char *name = value_name(predicate);
	char *text = attribute_value_text(predicate->attribute, &value);
	bool holds = predicate_holds(predicate, explanation->evaluation);
	if (predicate->kind != PREDICATE_KNOWN)
		fprintf(explanation->out, "%s%s: ", predicate->source,
			!holds      ? " is false"
			: under_not ? " is true"
				    : "");
	fprintf(explanation->out, "%s is %s%s", name, text,
		predicate->kind == PREDICATE_KNOWN && holds ? ", so it is known" : "");
	if (value.type == VALUE_UNKNOWN)
		explain_unknown(explanation, predicate);
	free(text);
	free(name);
}

/*
 * Of `and`: what is false first, or all. Of `or`: what is true first, or all. In both cases the
 * children that agree with the whole, up to the first one that settles it.
 */
static void explain(struct explanation *explanation, const struct condition *condition,
		    bool under_not)
{
	bool settles = condition->kind == EXPR_OR;
	switch (condition->kind) {
	case EXPR_TEST:
		explain_test(explanation, &condition->predicate, under_not);
		return;
	case EXPR_NOT:
		explain(explanation, &condition->children[0], !under_not);
		return;
	case EXPR_AND:
	case EXPR_OR:
		break;
	}
	for (size_t i = 0; i < condition->n_children; i++) {
		const struct condition *child = &condition->children[i];
		if (condition_holds(child, explanation->evaluation) == settles) {
			explain(explanation, child, under_not);
			return;
		}
	}
	for (size_t i = 0; i < condition->n_children; i++)
		explain(explanation, &condition->children[i], under_not);
}

char *condition_explain(const struct condition *condition, struct evaluation *evaluation)
{
	char *text = NULL;
	size_t size = 0;
	struct explanation explanation = {.evaluation = evaluation};
	explanation.out = open_memstream(&text, &size);
	if (!explanation.out)
		abort(); /* as xcalloc() does: it fails for want of memory only */
	explain(&explanation, condition, false);
	if (explanation.n_reasons > REASONS_MAX)
		fprintf(explanation.out, "; and %zu more", explanation.n_reasons - REASONS_MAX);
	if (fclose(explanation.out) != 0)
		abort();
	return text;
}
