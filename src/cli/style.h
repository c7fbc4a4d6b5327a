/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours, on a terminal only: not where NO_COLOR is set (no-color.org), nor TERM=dumb. */
#ifndef CLI_STYLE_H
#define CLI_STYLE_H

#include <stdio.h>

#include "util/diag.h"

enum style { STYLE_HEAD, STYLE_WARNING, STYLE_ERROR };

/* Before and behind what is to stand out; empty texts where there are no colours. */
const char *style_begin(FILE *out, enum style style);
const char *style_end(FILE *out);

/* As diag_print(), with colours. */
void style_diag(FILE *out, const struct diag *diag);
void style_diags(FILE *out, const struct diags *diags);

#endif
