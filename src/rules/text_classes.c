/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/text_classes.h"

#include <stdlib.h>
#include <string.h>

#include "rules/fingerprint.h"
#include "util/alloc.h"

void text_classes_init(struct text_classes *classes, size_t count)
{
	size_t n_slots = 4;
	while (n_slots < count * 2)
		n_slots *= 2;
	*classes = (struct text_classes){
		.slots = xcalloc(n_slots, sizeof(*classes->slots)),
		.n_slots = n_slots,
	};
}

void text_classes_fini(struct text_classes *classes)
{
	for (size_t i = 0; i < classes->n_slots; i++)
		free(classes->slots[i].text);
	free(classes->slots);
	*classes = (struct text_classes){0};
}

/* The text's slot, or the free one where it belongs. */
static struct text_class *find_slot(const struct text_classes *classes, const char *text,
				    size_t length)
{
	size_t mask = classes->n_slots - 1;
	size_t at = (size_t)(fingerprint(0, text, length) >> 16) & mask;
	for (;; at = (at + 1) & mask) {
		struct text_class *slot = &classes->slots[at];
		if (!slot->text ||
		    (slot->length == length && memcmp(slot->text, text, length) == 0))
			return slot;
	}
}

void text_classes_add(struct text_classes *classes, const char *text, uint32_t class)
{
	struct text_class *slot = find_slot(classes, text, strlen(text));
	*slot = (struct text_class){.text = xstrdup(text), .length = strlen(text), .class = class};
}

uint32_t text_classes_find(const struct text_classes *classes, const char *text, size_t length,
			   uint32_t other)
{
	if (!classes->slots)
		return other;
	const struct text_class *slot = find_slot(classes, text, length);
	return slot->text ? slot->class : other;
}
