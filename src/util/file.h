/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* The path as one that does not depend on the working directory. The caller frees it. */
char *file_absolute(const char *path);

/*
 * Writes a file whole, or not at all: the bytes go to PATH.new, which takes the place of the old
 * file when they are on the disk; so is the new name when this returns. 0 or negative errno.
 */
int file_replace(const char *path, mode_t mode, const void *bytes, size_t length);

/* Gives a file another name, for good when this returns. 0 or negative errno. */
int file_rename(const char *from, const char *to);

/* Makes a directory and its missing parents, as mkdir -p. 0 or negative errno. */
int make_directory(const char *path, mode_t mode);

#endif
