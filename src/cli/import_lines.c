/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_model.h"
#include "config/report.h"
#include "util/alloc.h"

#define BLANKS " \t"

/* One line of the file: what it says, and its comment. Offsets into the bytes. */
struct physical {
	size_t start; /* without the blanks around it */
	size_t end;
	size_t comment; /* behind the `#` */
	size_t comment_end;
	bool has_comment;
};

static size_t skip_blanks(const struct source *source, size_t at, size_t end)
{
	while (at < end && strchr(BLANKS, source->bytes[at]))
		at++;
	return at;
}

static size_t trim_blanks(const struct source *source, size_t at, size_t start)
{
	while (at > start && strchr(BLANKS "\r\n", source->bytes[at - 1]))
		at--;
	return at;
}

static struct physical physical_line(const struct source *source, size_t line)
{
	size_t start = source->lines[line];
	size_t end = line + 1 < source->n_lines ? source->lines[line + 1] : source->length;
	const char *hash = memchr(source->bytes + start, '#', end - start);
	size_t content_end = hash ? (size_t)(hash - source->bytes) : end;
	struct physical physical = {
		.start = skip_blanks(source, start, content_end),
		.has_comment = hash != NULL,
	};
	physical.end = trim_blanks(source, content_end, physical.start);
	if (hash) {
		physical.comment = skip_blanks(source, content_end + 1, end);
		physical.comment_end = trim_blanks(source, end, physical.comment);
	}
	return physical;
}

static struct place place_of(const struct source *source, size_t line, size_t offset)
{
	struct place at = {source->path, (unsigned)line + 1, 1};
	for (size_t i = source->lines[line]; i < offset; i++)
		at.column += !UTF8_CONTINUES(source->bytes[i]);
	return at;
}

static void keep_comment(struct import_lines *lines, const struct physical *physical)
{
	if (physical->has_comment)
		import_comment_add(&lines->pending, lines->source->bytes + physical->comment,
				   physical->comment_end - physical->comment);
}

/* The text grows by doubling: a statement may be as long as the file. Returns where it was put. */
static size_t append(struct import_statement *statement, const char *text, size_t length)
{
	size_t offset = statement->length ? statement->length + 1 : 0;
	if (offset + length + 1 > statement->capacity) {
		statement->capacity = 2 * (offset + length + 1);
		statement->text = xreallocarray(statement->text, statement->capacity, 1);
	}
	if (offset)
		statement->text[offset - 1] = ' ';
	memcpy(statement->text + offset, text, length);
	statement->length = offset + length;
	statement->text[statement->length] = '\0';
	return offset;
}

/* Adds one line's share of a statement; *ret_goes_on: there is a backslash at its end. */
static int add_piece(struct import_lines *lines, size_t line, const struct physical *physical,
		     struct import_statement *statement, bool *ret_goes_on, struct diags *diags)
{
	const struct source *source = lines->source;
	size_t start = physical->start, end = physical->end;
	*ret_goes_on = source->bytes[end - 1] == '\\';
	if (*ret_goes_on)
		end = trim_blanks(source, end - 1, start);
	const char *other = memchr(source->bytes + start, '\\', end - start);
	if (other) {
		report_error(diags, place_of(source, line, (size_t)(other - source->bytes)),
			     "a backslash joins the next line, and is the last thing on its own: "
			     "remove this one");
		return -EINVAL;
	}
	struct place at = place_of(source, line, start);
	size_t offset = append(statement, source->bytes + start, end - start);
	statement->runs = array_grow(statement->runs, statement->n_runs, &statement->runs_capacity,
				     sizeof(*statement->runs));
	statement->runs[statement->n_runs++] = (struct import_run){offset, at.line, at.column};
	return 0;
}

/* Splits KEY from VALUE. */
static int split(struct import_statement *statement, struct diags *diags)
{
	char *text = statement->text;
	size_t key = strcspn(text, BLANKS);
	size_t value = key + strspn(text + key, BLANKS);
	if (text[value] == '\0') {
		report_error(diags, import_place(statement, 0),
			     "`%s` has no value: a line is a name, blanks, and a value, such as "
			     "`eth0.out 128`",
			     SHOWN(text));
		return -EINVAL;
	}
	text[key] = '\0';
	statement->value_offset = value;
	return 0;
}

int import_lines_next(struct import_lines *lines, struct import_statement *ret_statement,
		      struct diags *diags)
{
	struct import_statement statement = {.file = lines->source->path};
	bool goes_on = true;
	int error = 0;
	for (; goes_on && lines->next < lines->source->n_lines; lines->next++) {
		struct physical physical = physical_line(lines->source, lines->next);
		keep_comment(lines, &physical);
		if (physical.start < physical.end &&
		    add_piece(lines, lines->next, &physical, &statement, &goes_on, diags))
			error = -EINVAL;
	}
	if (!statement.text && !error)
		return 0;
	if (!error)
		error = split(&statement, diags);
	if (error) {
		import_statement_fini(&statement);
		return error;
	}
	import_comments_move(&statement.comments, &lines->pending);
	*ret_statement = statement;
	return 1;
}

struct place import_place(const struct import_statement *statement, size_t offset)
{
	size_t i = statement->n_runs;
	while (i > 1 && statement->runs[i - 1].offset > offset)
		i--;
	const struct import_run *run = &statement->runs[i - 1];
	struct place at = {statement->file, run->line, run->column};
	for (size_t byte = run->offset; byte < offset; byte++)
		at.column += !UTF8_CONTINUES(statement->text[byte]);
	return at;
}
