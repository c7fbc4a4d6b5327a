/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of one file that the user wrote, checked to be text, with the starts of its lines.
 * Lines end with LF, CRLF or CR; lines and columns (in characters) count from 1.
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <stddef.h>

#include "util/diag.h"

#define SOURCE_BYTES_MAX (4u << 20)

struct source {
	const char *path; /* borrowed */
	char *bytes;      /* UTF-8 without byte order mark; a zero follows */
	size_t length;
	size_t *lines; /* offset of each line's first byte */
	size_t n_lines;
};

/*
 * Reads a file (or a pipe) of at most SOURCE_BYTES_MAX bytes. `path` must outlive the result.
 * Returns 0, or a negative errno with one error added to *diags: what open(2) and read(2) give,
 * -EISDIR, -EFBIG, -EILSEQ where a byte is not UTF-8 or a character has no place in a text.
 */
int source_load(const char *path, struct diags *diags, struct source *ret_source);

/* The same with bytes that were read before, which are copied. 0 or -EILSEQ. */
int source_take(const char *path, const char *bytes, size_t length, struct diags *diags,
		struct source *ret_source);
void source_fini(struct source *source);

/* The offset of the character at that place; the end of the line or file where it lies behind. */
size_t source_offset(const struct source *source, unsigned line, unsigned column);

/* Bytes of the character that starts here (1 … 4), 0 where it is not valid UTF-8 (RFC 3629). */
size_t utf8_length(const char *bytes, size_t left);

/* Takes the bytes 0x80 … 0xbf, which continue a character. */
#define UTF8_CONTINUES(byte) (((unsigned char)(byte)&0xc0) == 0x80)

#endif
