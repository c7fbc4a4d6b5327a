/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/set_file.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Where the entry ends: before a comment, and the blanks before it. */
static size_t entry_length(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == '#' && (i == 0 || is_blank(text[i - 1])))
			length = i;
	while (length > 0 && is_blank(text[length - 1]))
		length--;
	return length;
}

/* False once there is one entry too many, or too many are wrong. */
static bool read_line(struct set_draft *draft, struct reader *reader, struct place at,
		      const char *line, size_t length)
{
	size_t skip = 0;
	while (skip < length && is_blank(line[skip]))
		skip++;
	length = entry_length(line + skip, length - skip);
	at.column = (unsigned)skip + 1;
	if (length == 0)
		return true;
	if (line[skip] == '"' || line[skip] == '\'') {
		report_error(reader->diags, at,
			     "an entry of a file has no quotes: the whole line is its text");
		return true;
	}
	bool is_full = draft->budget->entries == 0;
	set_draft_add(draft, reader, at, line + skip, length);
	return !is_full && reader->diags->errors <= REPORT_ERRORS_MAX;
}

static void read_lines(struct set_draft *draft, struct reader *reader, const struct source *source)
{
	struct place at = {.file = source->path};
	for (size_t i = 0; i < source->n_lines; i++) {
		size_t start = source->lines[i];
		size_t end = i + 1 < source->n_lines ? source->lines[i + 1] : source->length;
		size_t length = end - start;
		while (length > 0 && strchr("\r\n", source->bytes[start + length - 1]))
			length--;
		at.line = (unsigned)i + 1;
		if (!read_line(draft, reader, at, source->bytes + start, length))
			return;
	}
}

void set_file_read(struct set_draft *draft, struct reader *reader, const struct node *value,
		   const char *path)
{
	struct source source;
	if (reader->diags->errors > REPORT_ERRORS_MAX ||
	    config_files_load_named(&reader->config->files, value->at, path, reader->diags,
				    &source))
		return;
	if (source.length > draft->budget->file_bytes) {
		report_error(reader->diags, value->at,
			     "file `%s`: the files of all sets have more than %u MiB", SHOWN(path),
			     SETS_FILE_BYTES_MAX >> 20);
	} else {
		draft->budget->file_bytes -= source.length;
		read_lines(draft, reader, &source);
	}
	source_fini(&source);
}
