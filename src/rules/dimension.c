/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/dimension.h"

#include <netinet/in.h>

void dimension_fini(struct dimension *dimension)
{
	intervals_fini(&dimension->numbers);
	intervals_fini(&dimension->v6);
	text_classes_fini(&dimension->texts);
	vector_list_fini(&dimension->vectors);
}

static uint64_t read_number(const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;
	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

struct interval_key addr6_key(const uint8_t bytes[16])
{
	return (struct interval_key){.high = read_number(bytes, 8),
				     .low = read_number(bytes + 8, 8)};
}

static uint32_t class_of(const struct dimension *dimension, const struct value *value)
{
	switch (dimension->domain) {
	case DOMAIN_KNOWN:
		break;
	case DOMAIN_NUMBERS:
		return intervals_find(&dimension->numbers, number_key(value->number));
	case DOMAIN_ADDRESSES:
		if (value->addr.family == AF_INET)
			return intervals_find(&dimension->numbers,
					      number_key(read_number(value->addr.bytes, 4)));
		return intervals_find(&dimension->v6, addr6_key(value->addr.bytes));
	case DOMAIN_TEXTS:
		return text_classes_find(&dimension->texts, value->text, value->length,
					 dimension->other);
	}
	return dimension->other;
}

const uint32_t *dimension_rows(const struct dimension *dimension, struct evaluation *evaluation)
{
	struct value value;
	uint32_t class = DIMENSION_UNKNOWN;
	evaluation_get(evaluation, dimension->attribute, &value);
	if (value.type != VALUE_UNKNOWN)
		class = class_of(dimension, &value);
	return vector_list_rows(&dimension->vectors, class);
}
