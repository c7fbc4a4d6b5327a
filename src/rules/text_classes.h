/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts and their classes: a hash table that is filled once, then asked. */
#ifndef RULES_TEXT_CLASSES_H
#define RULES_TEXT_CLASSES_H

#include <stddef.h>
#include <stdint.h>

struct text_class {
	char *text; /* NULL: a free slot */
	size_t length;
	uint32_t class;
};

struct text_classes {
	struct text_class *slots; /* NULL where there is no text */
	size_t n_slots;           /* a power of two */
};

/* Makes room for `count` texts. */
void text_classes_init(struct text_classes *classes, size_t count);
void text_classes_fini(struct text_classes *classes);

/* Keeps a copy of a text that is not in yet. At most `count` times. */
void text_classes_add(struct text_classes *classes, const char *text, uint32_t class);

/* The class of a text that need not be terminated, or `other` where it is not in. */
uint32_t text_classes_find(const struct text_classes *classes, const char *text, size_t length,
			   uint32_t other);

#endif
