/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/diags_json.h"

static json_t *list_json(const struct diags *diags, enum diag_severity severity)
{
	json_t *list = json_array();
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		if (diag->severity == severity)
			json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s}", "file",
							      diag->file, "line", (int)diag->line,
							      "column", (int)diag->column,
							      "message", diag->message));
	}
	return list;
}

json_t *diags_json(const struct diags *diags)
{
	return json_pack("{s:o, s:o}", "errors", list_json(diags, DIAG_ERROR), "warnings",
			 list_json(diags, DIAG_WARNING));
}
