/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Diagnostics as JSON: what `check -j` prints and what `reload` answers. */
#ifndef DAEMON_DIAGS_JSON_H
#define DAEMON_DIAGS_JSON_H

#include <jansson.h>

#include "util/diag.h"

/* {"errors": [{"file", "line", "column", "message"}], "warnings": […]}; a new reference. */
json_t *diags_json(const struct diags *diags);

#endif
