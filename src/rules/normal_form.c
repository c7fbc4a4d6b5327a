/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/normal_form.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

bool predicate_is_set(const struct predicate *predicate)
{
	bool is_pattern = predicate->kind == PREDICATE_GLOB || predicate->kind == PREDICATE_REGEX;
	return predicate->attribute < ATTR_ARGS && !is_pattern;
}

/* A test that can be one with others of its kind: the union of their sets answers their `or`. */
static bool is_unitable(const struct condition *condition)
{
	return condition->kind == EXPR_TEST && predicate_is_set(&condition->predicate) &&
	       condition->predicate.kind != PREDICATE_KNOWN && !condition->predicate.is_negated;
}

static bool are_alike(const struct predicate *a, const struct predicate *b)
{
	return a->attribute == b->attribute && a->kind == b->kind;
}

bool literal_has(const struct literal *literal, const struct condition *child)
{
	return is_unitable(child) && are_alike(&child->predicate, literal->test);
}

static void add_literal(struct conjunction *conjunction, struct literal literal)
{
	conjunction->literals = array_grow(conjunction->literals, conjunction->count,
					   &conjunction->capacity, sizeof(literal));
	conjunction->literals[conjunction->count++] = literal;
}

static struct conjunction *add_conjunction(struct normal_form *form)
{
	form->items = array_grow(form->items, form->count, &form->capacity, sizeof(*form->items));
	form->items[form->count] = (struct conjunction){0};
	return &form->items[form->count++];
}

static void set_literal(struct normal_form *form, struct literal literal)
{
	add_literal(add_conjunction(form), literal);
}

void normal_form_fini(struct normal_form *form)
{
	for (size_t i = 0; i < form->count; i++)
		free(form->items[i].literals);
	free(form->items);
	*form = (struct normal_form){0};
}

/* *form = *form or *other, which ends here. */
static void unite(struct normal_form *form, struct normal_form *other)
{
	for (size_t i = 0; i < other->count; i++)
		*add_conjunction(form) = other->items[i];
	other->count = 0;
	normal_form_fini(other);
}

static void append(struct conjunction *conjunction, const struct conjunction *other)
{
	for (size_t i = 0; i < other->count; i++)
		add_literal(conjunction, other->literals[i]);
}

/* *form = *form and *other, which ends here. */
static void multiply(struct normal_form *form, struct normal_form *other)
{
	struct normal_form product = {0};
	if (other->count == 1) {
		for (size_t i = 0; i < form->count; i++)
			append(&form->items[i], &other->items[0]);
		normal_form_fini(other);
		return;
	}
	for (size_t i = 0; i < form->count; i++) {
		for (size_t k = 0; k < other->count; k++) {
			struct conjunction *conjunction = add_conjunction(&product);
			append(conjunction, &form->items[i]);
			append(conjunction, &other->items[k]);
		}
	}
	normal_form_fini(form);
	normal_form_fini(other);
	*form = product;
}

/* A part of the condition, and its form. */
struct part {
	struct literal whole;
	struct normal_form form;
};

struct parts {
	size_t product_max;
	struct part *items;
	size_t count;
	size_t capacity;
};

static struct part *add_part(struct parts *parts, struct literal whole)
{
	parts->items =
		array_grow(parts->items, parts->count, &parts->capacity, sizeof(*parts->items));
	parts->items[parts->count] = (struct part){.whole = whole};
	return &parts->items[parts->count++];
}

static bool is_seen(const struct parts *parts, const struct condition *child)
{
	for (size_t i = 0; i < parts->count; i++)
		if (parts->items[i].whole.test &&
		    are_alike(parts->items[i].whole.test, &child->predicate))
			return true;
	return false;
}

static void expand(struct normal_form *form, const struct condition *condition, bool is_negated,
		   size_t product_max);

/* The children of an `or`: literals of united tests first, so that is_seen() has few to see. */
static void split_or(struct parts *parts, const struct condition *condition, bool is_negated)
{
	for (size_t i = 0; i < condition->n_children; i++) {
		const struct condition *child = &condition->children[i];
		if (!is_unitable(child) || is_seen(parts, child))
			continue;
		struct literal literal = {condition, &child->predicate, is_negated};
		set_literal(&add_part(parts, literal)->form, literal);
	}
	for (size_t i = 0; i < condition->n_children; i++) {
		const struct condition *child = &condition->children[i];
		if (is_unitable(child))
			continue;
		struct literal whole = {.condition = child, .is_negated = is_negated};
		expand(&add_part(parts, whole)->form, child, is_negated, parts->product_max);
	}
}

static void split_and(struct parts *parts, const struct condition *condition, bool is_negated)
{
	for (size_t i = 0; i < condition->n_children; i++) {
		const struct condition *child = &condition->children[i];
		struct literal whole = {.condition = child, .is_negated = is_negated};
		expand(&add_part(parts, whole)->form, child, is_negated, parts->product_max);
	}
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	return (x->form.count > y->form.count) - (x->form.count < y->form.count);
}

/* The small factors first: what does not fit any more is then the largest. */
static void multiply_parts(struct normal_form *form, struct parts *parts)
{
	qsort(parts->items, parts->count, sizeof(*parts->items), compare_parts);
	add_conjunction(form);
	for (size_t i = 0; i < parts->count; i++) {
		struct part *part = &parts->items[i];
		if (form->count > 1 && part->form.count > 1 &&
		    form->count * part->form.count > parts->product_max) {
			normal_form_fini(&part->form);
			set_literal(&part->form, part->whole);
		}
		multiply(form, &part->form);
	}
}

static void unite_parts(struct normal_form *form, struct parts *parts, struct literal whole)
{
	size_t count = 0;
	for (size_t i = 0; i < parts->count; i++)
		count += parts->items[i].form.count;
	for (size_t i = 0; i < parts->count; i++) {
		if (count > NORMAL_FORM_MAX)
			normal_form_fini(&parts->items[i].form);
		else
			unite(form, &parts->items[i].form);
	}
	if (count > NORMAL_FORM_MAX)
		set_literal(form, whole);
}

/* Adds to an empty form. Goes as deep as the parsed tree, which EXPR_DEPTH_MAX bounds. */
static void expand(struct normal_form *form, const struct condition *condition, bool is_negated,
		   size_t product_max)
{
	struct parts parts = {.product_max = product_max};
	struct literal whole = {.condition = condition, .is_negated = is_negated};
	switch (condition->kind) {
	case EXPR_TEST:
		whole.test = predicate_is_set(&condition->predicate) ? &condition->predicate : NULL;
		set_literal(form, whole);
		return;
	case EXPR_NOT:
		expand(form, &condition->children[0], !is_negated, product_max);
		return;
	case EXPR_OR:
		split_or(&parts, condition, is_negated);
		break;
	case EXPR_AND:
		split_and(&parts, condition, is_negated);
		break;
	}
	if ((condition->kind == EXPR_AND) != is_negated)
		multiply_parts(form, &parts);
	else
		unite_parts(form, &parts, whole);
	free(parts.items);
}

void normal_form_init(struct normal_form *form, const struct condition *condition,
		      size_t product_max)
{
	*form = (struct normal_form){0};
	if (condition)
		expand(form, condition, false, product_max);
	else
		add_conjunction(form);
}
