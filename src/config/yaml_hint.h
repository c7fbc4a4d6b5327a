/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what libyaml stumbled over to what the user has to change. */
#ifndef CONFIG_YAML_HINT_H
#define CONFIG_YAML_HINT_H

#include <stdbool.h>

#include <yaml.h>

#include "config/source.h"
#include "util/diag.h"

/* What the tree knew when the parser gave up. */
struct yaml_situation {
	bool is_flow;         /* inside […] or {…} */
	bool after_if;        /* the value of an `if` is being read, or was the last thing read */
	bool after_quoted_if; /* … and it began with a quote or a bracket */
};

/* Adds one error for the parser's. */
void yaml_hint(const yaml_parser_t *parser, const struct source *source,
	       const struct yaml_situation *situation, struct diags *diags);

#endif
