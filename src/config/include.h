/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `include:` of the main file: paths and patterns (glob(7)) of files that are read after it, as if
 * they were a part of it. Keys of maps merge and lists append, in the order in which the files are
 * listed, those of a pattern in the order of their names; a file is read once.
 */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "config/schema.h"

#define INCLUDE_FILES_MAX 256
#define INCLUDE_EXPECTED "files, such as conf.d/*.yaml, or a list of them"

/*
 * Reads what the first of reader->trees includes, and merges it into that tree; the others, empty
 * then, are added to reader->trees for their sources. What is wrong goes to reader->diags.
 */
void include_files(struct reader *reader);

#endif
