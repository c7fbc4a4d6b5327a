/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/boundaries.h"

#include <netinet/in.h>
#include <string.h>

#include "rules/attribute.h"

struct visit {
	enum attribute attribute;
	boundary_visitor *visitor;
	void *data;
};

/* The largest number that a value may be; countries and ICMP types are packed into numbers. */
static uint64_t number_max(enum attribute attribute)
{
	const struct attribute_info *info = attribute_info(attribute);
	switch (info->kind) {
	case KIND_NUMBER:
	case KIND_PROTO:
	case KIND_DSCP:
	case KIND_DIRECTION:
	case KIND_TIME:
	case KIND_WEEKDAY:
		return info->max;
	case KIND_ADDRESS:
	case KIND_INTERFACE:
	case KIND_CC:
	case KIND_COUNTRY:
	case KIND_CONTINENT:
	case KIND_ICMP_TYPE:
	case KIND_TEXT:
	case KIND_TEXTS:
		break;
	}
	return UINT64_MAX;
}

const struct predicate *literal_predicate(const struct literal *literal)
{
	if (literal->test)
		return literal->test;
	return literal->condition->kind == EXPR_TEST ? &literal->condition->predicate : NULL;
}

bool literal_is_or(const struct literal *literal)
{
	return literal->test && literal->condition->kind == EXPR_OR;
}

bool literal_takes(const struct literal *literal, const struct value *value)
{
	bool holds = false;
	/* Of a country, the text that a pattern would be tried on is not at hand. */
	if (!predicate_is_set(literal_predicate(literal)) && value->type != VALUE_TEXT)
		return true;
	if (!literal_is_or(literal))
		return predicate_takes(literal_predicate(literal), value) != literal->is_negated;
	for (size_t i = 0; i < literal->condition->n_children && !holds; i++) {
		const struct condition *child = &literal->condition->children[i];
		holds = literal_has(literal, child) && predicate_takes(&child->predicate, value);
	}
	return holds != literal->is_negated;
}

static bool visit_number(const struct visit *visit, uint64_t number)
{
	struct value value = {.type = VALUE_NUMBER, .number = number};
	return number <= number_max(visit->attribute) && visit->visitor(&value, visit->data);
}

static bool visit_v4(const struct visit *visit, uint64_t number)
{
	struct value value = {.type = VALUE_ADDRESS};
	uint32_t bytes = htonl((uint32_t)number);
	value.addr = addr_from_bytes(AF_INET, &bytes);
	return number <= UINT32_MAX && visit->visitor(&value, visit->data);
}

static bool visit_v6(const struct visit *visit, const uint8_t bytes[16])
{
	struct value value = {.type = VALUE_ADDRESS, .addr = addr_from_bytes(AF_INET6, bytes)};
	return visit->visitor(&value, visit->data);
}

static bool visit_text(const struct visit *visit, const char *text)
{
	struct value value = {.type = VALUE_TEXT, .text = text, .length = strlen(text)};
	return visit->visitor(&value, visit->data);
}

static bool visit_numbers(const struct visit *visit, const struct number_set *set,
			  bool (*visit_one)(const struct visit *, uint64_t))
{
	if (visit_one(visit, 0))
		return true;
	for (size_t i = 0; i < set->count; i++)
		if (visit_one(visit, set->ranges[i].first) ||
		    (set->ranges[i].last < UINT64_MAX && visit_one(visit, set->ranges[i].last + 1)))
			return true;
	return false;
}

/* The address behind; false behind the last one. */
static bool next_v6(const uint8_t from[16], uint8_t to[16])
{
	memcpy(to, from, 16);
	for (size_t i = 16; i-- > 0;)
		if (++to[i] != 0)
			return true;
	return false;
}

static bool visit_addresses(const struct visit *visit, const struct addr_set *set)
{
	uint8_t next[16] = {0};
	if (visit_v6(visit, next))
		return true;
	for (size_t i = 0; i < set->v6_count; i++)
		if (visit_v6(visit, set->v6[i].first) ||
		    (next_v6(set->v6[i].last, next) && visit_v6(visit, next)))
			return true;
	return visit_numbers(visit, &set->v4, visit_v4);
}

static bool visit_predicate(const struct visit *visit, const struct predicate *predicate)
{
	switch (predicate->kind) {
	case PREDICATE_NUMBERS:
		return visit_numbers(visit, &predicate->numbers, visit_number);
	case PREDICATE_ADDRESSES:
		return visit_addresses(visit, &predicate->addresses);
	case PREDICATE_TEXTS:
		for (size_t i = 0; i < predicate->texts.count; i++)
			if (visit_text(visit, predicate->texts.texts[i]))
				return true;
		break;
	case PREDICATE_KNOWN:
	case PREDICATE_GLOB:
	case PREDICATE_REGEX:
		break;
	}
	return false;
}

static size_t predicate_size(const struct predicate *predicate)
{
	switch (predicate->kind) {
	case PREDICATE_NUMBERS:
		return predicate->numbers.count;
	case PREDICATE_ADDRESSES:
		return predicate->addresses.v4.count + predicate->addresses.v6_count;
	case PREDICATE_TEXTS:
		return predicate->texts.count;
	case PREDICATE_KNOWN:
	case PREDICATE_GLOB:
	case PREDICATE_REGEX:
		break;
	}
	return 0;
}

size_t literal_boundaries(const struct literal *literal)
{
	size_t size = 0;
	if (!literal_is_or(literal))
		return predicate_size(literal_predicate(literal));
	for (size_t i = 0; i < literal->condition->n_children; i++) {
		const struct condition *child = &literal->condition->children[i];
		if (literal_has(literal, child))
			size += predicate_size(&child->predicate);
	}
	return size;
}

bool literal_visit(const struct literal *literal, boundary_visitor *visitor, void *data)
{
	struct visit visit = {literal_predicate(literal)->attribute, visitor, data};
	if (!literal_is_or(literal))
		return visit_predicate(&visit, literal_predicate(literal));
	for (size_t i = 0; i < literal->condition->n_children; i++) {
		const struct condition *child = &literal->condition->children[i];
		if (literal_has(literal, child) && visit_predicate(&visit, &child->predicate))
			return true;
	}
	return false;
}
