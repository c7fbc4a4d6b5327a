/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"

#define FIRST_READ_BYTES 16384

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* The code point, or UINT32_MAX where the bytes are not UTF-8. */
static uint32_t decode(const char *text, size_t left, size_t *ret_length)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = bytes[0] < 0x80   ? 1
			: bytes[0] < 0xc2 ? 0
			: bytes[0] < 0xe0 ? 2
			: bytes[0] < 0xf0 ? 3
			: bytes[0] < 0xf5 ? 4
					  : 0;
	if (length == 0 || length > left)
		return UINT32_MAX;
	uint32_t code = length == 1 ? bytes[0] : bytes[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if (!UTF8_CONTINUES(bytes[i]))
			return UINT32_MAX;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return UINT32_MAX;
	*ret_length = length;
	return code;
}

size_t utf8_length(const char *bytes, size_t left)
{
	size_t length = 0;
	return left && decode(bytes, left, &length) != UINT32_MAX ? length : 0;
}

/*
 * What neither YAML 1.1 (section 5.1) nor a terminal should be given. U+0085, U+2028 and U+2029
 * would be ends of lines to libyaml and to no editor.
 */
static bool is_unwelcome(uint32_t code)
{
	if (code == '\t' || code == '\n' || code == '\r')
		return false;
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
	       code == 0xfeff || code == 0xfffe || code == 0xffff;
}

static void begin_line(struct source *source, size_t *capacity, size_t offset)
{
	source->lines = array_grow(source->lines, source->n_lines, capacity, sizeof(size_t));
	source->lines[source->n_lines++] = offset;
}

/* Checks every character and finds the lines. */
static int scan(struct source *source, struct diags *diags)
{
	size_t capacity = 0, length = 0;
	struct place at = {source->path, 1, 1};
	begin_line(source, &capacity, 0);
	for (size_t i = 0; i < source->length; i += length, at.column++) {
		const char *bytes = source->bytes + i;
		uint32_t code = decode(bytes, source->length - i, &length);
		if (code == UINT32_MAX) {
			diag_error(diags, at,
				   "byte 0x%02x is not UTF-8: save the file in UTF-8 encoding",
				   (unsigned char)bytes[0]);
			return -EILSEQ;
		}
		if (is_unwelcome(code)) {
			diag_error(diags, at, "character U+%04X has no place in a text: remove it",
				   (unsigned)code);
			return -EILSEQ;
		}
		if (code == '\n' || (code == '\r' && bytes[1] != '\n')) {
			begin_line(source, &capacity, i + 1);
			at.line++;
			at.column = 0;
		}
	}
	return 0;
}

static int read_all(int fd, struct source *source)
{
	size_t capacity = 0;
	for (;;) {
		if (source->length + 1 >= capacity) {
			capacity = capacity ? capacity * 2 : FIRST_READ_BYTES;
			source->bytes = xreallocarray(source->bytes, capacity, 1);
		}
		ssize_t got =
			read(fd, source->bytes + source->length, capacity - source->length - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		source->length += (size_t)got;
		source->bytes[source->length] = '\0';
		if (source->length > SOURCE_BYTES_MAX)
			return -EFBIG;
		if (got == 0)
			return 0;
	}
}

static int open_and_read(struct source *source)
{
	struct stat status;
	int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &status) < 0    ? -errno
		    : S_ISDIR(status.st_mode) ? -EISDIR
					      : read_all(fd, source);
	close(fd);
	return error;
}

static void report(const char *path, int error, struct diags *diags)
{
	struct place at = {.file = path};
	if (error == -EISDIR)
		diag_error(diags, at, "cannot be read: it is a folder, name a file in it");
	else if (error == -EFBIG)
		diag_error(diags, at, "is too large: at most %u MiB are read",
			   SOURCE_BYTES_MAX >> 20);
	else
		diag_error(diags, at, "cannot be read: %s", strerror(-error));
}

/* Takes the bytes over, also on failure. */
static int check(struct source *source, struct diags *diags, struct source *ret_source)
{
	size_t mark = sizeof(byte_order_mark) - 1;
	if (source->length >= mark && memcmp(source->bytes, byte_order_mark, mark) == 0) {
		source->length -= mark;
		memmove(source->bytes, source->bytes + mark, source->length + 1);
	}
	int error = scan(source, diags);
	if (error)
		source_fini(source);
	else
		*ret_source = *source;
	return error;
}

int source_load(const char *path, struct diags *diags, struct source *ret_source)
{
	struct source source = {.path = path};
	int error = open_and_read(&source);
	if (!error)
		return check(&source, diags, ret_source);
	report(path, error, diags);
	source_fini(&source);
	return error;
}

int source_take(const char *path, const char *bytes, size_t length, struct diags *diags,
		struct source *ret_source)
{
	struct source source = {.path = path, .bytes = xcalloc(length + 1, 1), .length = length};
	memcpy(source.bytes, bytes, length);
	return check(&source, diags, ret_source);
}

void source_fini(struct source *source)
{
	free(source->bytes);
	free(source->lines);
	*source = (struct source){0};
}

size_t source_offset(const struct source *source, unsigned line, unsigned column)
{
	if (line > source->n_lines)
		return source->length;
	size_t offset = source->lines[line - 1];
	size_t end = line < source->n_lines ? source->lines[line] : source->length;
	for (unsigned i = 1; i < column && offset < end; i++)
		offset += utf8_length(source->bytes + offset, source->length - offset);
	return offset;
}
