/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/text_map.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

struct run {
	size_t offset; /* of its first byte in the text */
	unsigned line;
	unsigned column;
};

/* Without runs, the way back is not known and all bytes are at the text's beginning. */
struct config_text_map {
	struct run *runs; /* by offset; the first has offset 0 */
	size_t count;
};

/* A walk over a text and its source. */
struct walk {
	const char *bytes; /* of the source, and where the text ends there */
	const char *end;
	unsigned line, column;
	const char *text;
	size_t offset;                   /* in the text */
	unsigned next_line, next_column; /* where the present run would go on */
	struct run *runs;
	size_t count, capacity;
};

static bool is_break(const struct walk *walk)
{
	return walk->bytes < walk->end && (*walk->bytes == '\n' || *walk->bytes == '\r');
}

static bool is_blank(const struct walk *walk)
{
	return walk->bytes < walk->end && (*walk->bytes == ' ' || *walk->bytes == '\t');
}

/* Steps over one character or line break of the source. */
static void step(struct walk *walk)
{
	size_t left = (size_t)(walk->end - walk->bytes);
	if (is_break(walk)) {
		walk->bytes += left > 1 && walk->bytes[0] == '\r' && walk->bytes[1] == '\n' ? 2 : 1;
		walk->line++;
		walk->column = 1;
	} else if (left) {
		walk->bytes += utf8_length(walk->bytes, left);
		walk->column++;
	}
}

static size_t character_bytes(const char *text)
{
	size_t length = 1;
	while (UTF8_CONTINUES(text[length]))
		length++;
	return length;
}

/* The text's next character comes from the present place. False at the end of the text. */
static bool take(struct walk *walk)
{
	if (walk->count == 0 || walk->line != walk->next_line ||
	    walk->column != walk->next_column) {
		walk->runs =
			array_grow(walk->runs, walk->count, &walk->capacity, sizeof(*walk->runs));
		walk->runs[walk->count++] = (struct run){walk->offset, walk->line, walk->column};
	}
	walk->next_line = walk->line;
	walk->next_column = walk->column + 1;
	if (!walk->text[walk->offset])
		return false;
	walk->offset += character_bytes(walk->text + walk->offset);
	return true;
}

/* One character that stands for itself. */
static bool copy(struct walk *walk)
{
	if (walk->text[walk->offset] != *walk->bytes || !take(walk))
		return false;
	step(walk);
	return true;
}

/* Skips blanks and line breaks; the number of breaks. */
static unsigned skip_breaks(struct walk *walk)
{
	unsigned breaks = 0;
	while (is_blank(walk) || is_break(walk)) {
		breaks += is_break(walk);
		step(walk);
	}
	return breaks;
}

/* Blanks stand for themselves; with n line breaks among them, for one blank or n - 1 breaks. */
static bool fold(struct walk *walk)
{
	struct walk ahead = *walk;
	unsigned breaks = skip_breaks(&ahead);
	if (breaks == 0) {
		while (is_blank(walk))
			if (!copy(walk))
				return false;
		return true;
	}
	for (unsigned i = 0; i < (breaks > 1 ? breaks - 1 : 1); i++)
		if (!take(walk))
			return false;
	skip_breaks(walk);
	return true;
}

static bool escape(struct walk *walk)
{
	struct walk ahead = *walk;
	step(&ahead);
	if (is_break(&ahead)) {
		unsigned breaks = skip_breaks(&ahead);
		for (unsigned i = 1; i < breaks; i++)
			if (!take(walk))
				return false;
		step(walk);
		skip_breaks(walk);
		return true;
	}
	char kind = ahead.bytes < ahead.end ? *ahead.bytes : '\0';
	unsigned digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
	if (!take(walk))
		return false;
	for (unsigned i = 0; i < 2 + digits; i++)
		step(walk);
	return true;
}

static bool walk_flow(struct walk *walk, enum node_style style)
{
	while (walk->bytes < walk->end) {
		bool went_on;
		if (is_blank(walk) || is_break(walk))
			went_on = fold(walk);
		else if (style == STYLE_DOUBLE && *walk->bytes == '\\')
			went_on = escape(walk);
		else
			went_on = copy(walk);
		if (!went_on)
			return false;
		if (style == STYLE_SINGLE && walk->bytes < walk->end && walk->bytes[-1] == '\'')
			step(walk);
	}
	return true;
}

/* The indentation shows in the first line that is not empty. */
static bool find_indent(const struct walk *walk, size_t *ret_indent)
{
	size_t in_source = 0, in_text = 0;
	while (walk->bytes + in_source < walk->end && walk->bytes[in_source] == ' ')
		in_source++;
	while (walk->text[walk->offset + in_text] == ' ')
		in_text++;
	if (walk->text[walk->offset + in_text] == '\n' || in_source < in_text)
		return false;
	*ret_indent = in_source - in_text;
	return true;
}

static bool walk_block(struct walk *walk, enum node_style style)
{
	size_t indent = 0;
	bool has_indent = false;
	while (walk->bytes < walk->end && !is_break(walk))
		step(walk);
	step(walk);
	while (walk->bytes < walk->end && walk->text[walk->offset]) {
		if (!has_indent)
			has_indent = find_indent(walk, &indent);
		for (size_t i = 0; (i < indent || !has_indent) && is_blank(walk); i++)
			step(walk);
		while (walk->bytes < walk->end && !is_break(walk))
			if (!copy(walk))
				return false;
		char folded = walk->text[walk->offset];
		if (folded == '\n' || (style == STYLE_FOLDED && folded == ' '))
			take(walk);
		step(walk);
	}
	return true;
}

static bool walk_all(struct walk *walk, enum node_style style)
{
	switch (style) {
	case STYLE_PLAIN:
		return walk_flow(walk, style);
	case STYLE_SINGLE:
	case STYLE_DOUBLE:
		step(walk);
		walk->end--;
		return walk_flow(walk, style);
	case STYLE_LITERAL:
	case STYLE_FOLDED:
		return walk_block(walk, style);
	}
	return false;
}

void config_text_init(struct config_text *text, const struct source *source,
		      const struct node *node)
{
	size_t begin = source_offset(source, node->at.line, node->at.column);
	size_t end = source_offset(source, node->end.line, node->end.column);
	struct walk walk = {
		.bytes = source->bytes + begin,
		.end = source->bytes + end,
		.line = node->at.line,
		.column = node->at.column,
		.text = node->text,
	};
	bool complete = walk_all(&walk, node->style) && !node->text[walk.offset];
	if (complete)
		take(&walk); /* the end of the text has a place too */
	text->text = xstrdup(node->text);
	text->at = node->at;
	text->map = NULL;
	if (complete) {
		text->at.line = walk.runs[0].line;
		text->at.column = walk.runs[0].column;
	}
	if (complete && walk.count == 1) {
		free(walk.runs);
		return;
	}
	text->map = xcalloc(1, sizeof(*text->map));
	text->map->runs = walk.runs;
	text->map->count = complete ? walk.count : 0;
}

void config_text_fini(struct config_text *text)
{
	if (text->map)
		free(text->map->runs);
	free(text->map);
	free(text->text);
	*text = (struct config_text){0};
}

/* The characters of text[from … to) are as many columns. */
static unsigned columns(const char *text, size_t from, size_t to)
{
	unsigned count = 0;
	for (size_t i = from; i < to; i++)
		count += !UTF8_CONTINUES(text[i + 1]);
	return count;
}

struct place config_text_place(const struct config_text *text, size_t offset)
{
	struct place at = text->at;
	struct run run = {0, at.line, at.column};
	if (text->map && text->map->count == 0)
		return at;
	for (size_t i = 0; text->map && i < text->map->count; i++)
		if (text->map->runs[i].offset <= offset)
			run = text->map->runs[i];
	at.line = run.line;
	at.column = run.column + columns(text->text, run.offset, offset);
	return at;
}
