/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One attribute after the other: each must have a value, or be unknown, as its literals want it.
 * Each [N] of a list counts as one of its own, and as independent of the whole. But that there is
 * an owner says something of the direction.
 */
#include "rules/satisfiable.h"

#include <string.h>

#include "rules/attribute.h"
#include "rules/boundaries.h"

/* The literals about one attribute. */
struct question {
	const struct literal *literals[SATISFIABLE_LITERALS_MAX + 1]; /* and one of our own */
	size_t count;
	uint64_t tried; /* values */
};

/* Of these, every packet has a value. */
static bool is_always_known(enum attribute attribute)
{
	static const enum attribute known[] = {ATTR_RADDR, ATTR_LADDR,  ATTR_SADDR,
					       ATTR_DADDR, ATTR_PROTO,  ATTR_DIR,
					       ATTR_DSCP,  ATTR_LENGTH, ATTR_MARK};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == attribute)
			return true;
	return false;
}

static bool all_take(const struct value *value, void *data)
{
	struct question *question = data;
	question->tried++;
	for (size_t i = 0; i < question->count; i++)
		if (!literal_takes(question->literals[i], value))
			return false;
	return true;
}

/* An attribute that is not known makes every test false. */
static bool may_be_unknown(const struct question *question)
{
	for (size_t i = 0; i < question->count; i++)
		if (!question->literals[i]->is_negated)
			return false;
	return !is_always_known(literal_predicate(question->literals[0])->attribute);
}

/* The same set of values, but for the negation. A regular expression that was cut is no other's. */
static bool same_set(const struct predicate *a, const struct predicate *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind)
		return false;
	if (a->kind == PREDICATE_GLOB)
		return strcmp(a->glob, b->glob) == 0;
	if (a->kind == PREDICATE_REGEX)
		return strcmp(a->source, b->source) == 0 && strlen(a->source) < SNIPPET_MAX;
	return a->shared && a->shared == b->shared;
}

/* Two tests that say the opposite of one value; it is known here. */
static bool are_opposite(const struct literal *a, const struct literal *b)
{
	const struct predicate *x = literal_predicate(a), *y = literal_predicate(b);
	if (literal_is_or(a) || literal_is_or(b) || !same_set(x, y))
		return false;
	return (a->is_negated != x->is_negated) != (b->is_negated != y->is_negated);
}

static bool has_opposites(const struct question *question)
{
	for (size_t i = 0; i < question->count; i++) {
		const struct literal *literal = question->literals[i];
		if (literal_predicate(literal)->kind == PREDICATE_KNOWN && literal->is_negated)
			return true;
		for (size_t k = 0; k < i; k++)
			if (are_opposite(literal, question->literals[k]))
				return true;
	}
	return false;
}

/* There are more names than any sets of them hold, unless one has to be in a set. */
static bool has_finite_texts(const struct question *question)
{
	for (size_t i = 0; i < question->count; i++) {
		const struct literal *literal = question->literals[i];
		const struct predicate *predicate = literal_predicate(literal);
		if (predicate->kind == PREDICATE_TEXTS &&
		    predicate->is_negated == literal->is_negated)
			return true;
	}
	return false;
}

/* True where a value of the attribute satisfies all. */
static bool find_value(struct question *question)
{
	size_t boundaries = 0;
	bool has_sets = false, has_texts = false;
	for (size_t i = 0; i < question->count; i++) {
		enum predicate_kind kind = literal_predicate(question->literals[i])->kind;
		boundaries += literal_boundaries(question->literals[i]);
		has_sets |= kind == PREDICATE_NUMBERS || kind == PREDICATE_ADDRESSES;
		has_texts |= kind == PREDICATE_TEXTS;
	}
	if (boundaries > SATISFIABLE_VALUES_MAX || (!has_sets && !has_texts))
		return true;
	for (size_t i = 0; i < question->count; i++)
		if (literal_visit(question->literals[i], all_take, question))
			return true;
	return has_texts && !has_finite_texts(question);
}

/* Where the list is known: some text of it has to satisfy the test, not each of them. */
static bool asks_for_some(const struct literal *literal)
{
	return literal_predicate(literal)->is_negated == literal->is_negated;
}

/* Each test for some text may have a text of its own, which all tests of the others let pass. */
static bool list_may_hold(const struct question *question)
{
	for (size_t i = 0; i < question->count; i++) {
		struct question one = {.literals = {question->literals[i]}, .count = 1};
		if (!asks_for_some(question->literals[i]))
			continue;
		for (size_t k = 0; k < question->count; k++)
			if (!asks_for_some(question->literals[k]))
				one.literals[one.count++] = question->literals[k];
		if (has_opposites(&one) || !find_value(&one))
			return false;
	}
	return true;
}

static bool is_list(const struct predicate *predicate)
{
	return attribute_info(predicate->attribute)->kind == KIND_TEXTS && !predicate->has_element;
}

static bool question_may_hold(struct question *question)
{
	if (may_be_unknown(question))
		return true;
	if (is_list(literal_predicate(question->literals[0])))
		return list_may_hold(question);
	return !has_opposites(question) && find_value(question);
}

/* Two tests of one value: of one attribute, and where it is a list, of the same one of it. */
static bool are_of_one_value(const struct literal *a, const struct literal *b)
{
	const struct predicate *x = literal_predicate(a), *y = literal_predicate(b);
	return x && y && x->attribute == y->attribute && x->has_element == y->has_element &&
	       x->element == y->element;
}

static bool is_first_of_its_value(const struct literal *const *literals, size_t position)
{
	for (size_t i = 0; i < position; i++)
		if (are_of_one_value(literals[i], literals[position]))
			return false;
	return literal_predicate(literals[position]) != NULL;
}

/* What is known of an owner: then there is one, and the packet is not forwarded. */
static bool asks_for_owner(const struct literal *literal)
{
	const struct predicate *predicate = literal_predicate(literal);
	return predicate && !literal->is_negated &&
	       attribute_info(predicate->attribute)->level > OWNER_NOTHING;
}

static const struct literal *not_forwarded(void)
{
	static struct number_range forward = {DIRECTION_FORWARD, DIRECTION_FORWARD};
	static const struct condition condition = {
		.kind = EXPR_TEST,
		.predicate = {.kind = PREDICATE_NUMBERS,
			      .attribute = ATTR_DIR,
			      .is_negated = true,
			      .numbers = {.ranges = &forward, .count = 1}},
	};
	static const struct literal literal = {&condition, &condition.predicate, false};
	return &literal;
}

static bool have_owner(const struct literal *const *literals, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (asks_for_owner(literals[i]))
			return true;
	return false;
}

bool literals_may_hold(const struct literal *const *literals, size_t count, uint64_t *work)
{
	if (count > SATISFIABLE_LITERALS_MAX)
		return true;
	bool has_owner = have_owner(literals, count);
	for (size_t i = 0; i < count; i++) {
		struct question question = {.count = 0};
		if (!is_first_of_its_value(literals, i))
			continue;
		for (size_t k = i; k < count; k++)
			if (are_of_one_value(literals[i], literals[k]))
				question.literals[question.count++] = literals[k];
		if (has_owner && literal_predicate(literals[i])->attribute == ATTR_DIR)
			question.literals[question.count++] = not_forwarded();
		bool may_hold = question_may_hold(&question);
		*work += question.tried + question.count;
		if (!may_hold)
			return false;
	}
	return true;
}

static size_t append(const struct literal **all, size_t count,
		     const struct conjunction *conjunction)
{
	for (size_t i = 0; i < conjunction->count && count < SATISFIABLE_LITERALS_MAX; i++)
		all[count++] = &conjunction->literals[i];
	return count;
}

/* To leave some out is safe: fewer literals hold more often. */
bool conjunctions_may_hold(const struct conjunction *a, const struct conjunction *b, uint64_t *work)
{
	const struct literal *all[SATISFIABLE_LITERALS_MAX];
	return literals_may_hold(all, append(all, append(all, 0, a), b), work);
}

bool conjunction_may_hold(const struct conjunction *conjunction, uint64_t *work)
{
	static const struct conjunction nothing;
	return conjunctions_may_hold(conjunction, &nothing, work);
}
