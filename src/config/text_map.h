/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a byte of a text back to its place in the file. Quotes, escapes, folded lines and block
 * scalars make a YAML text differ from its source; the map is made by walking over both at the
 * same time, by the rules of YAML 1.1, chapter 9. It is a list of runs: inside a run one character
 * of the text is one column of the file.
 */
#ifndef CONFIG_TEXT_MAP_H
#define CONFIG_TEXT_MAP_H

#include "config/config.h"
#include "config/node.h"
#include "config/source.h"

/* The text of a node with its map. The caller frees it with config_text_fini(). */
void config_text_init(struct config_text *text, const struct source *source,
		      const struct node *node);
void config_text_fini(struct config_text *text);

#endif
