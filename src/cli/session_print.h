/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions of throttles, as a table or as JSON. */
#ifndef CLI_SESSION_PRINT_H
#define CLI_SESSION_PRINT_H

#include "cli/session_list.h"

struct session_printer {
	bool json;
	bool is_verbose;
	bool is_begun;   /* of JSON: a comma is due */
	int tag_width;   /* of tables; 0: no tag and serial number */
	int indentation; /* of tables */
};

/* The table's heading. */
void session_print_head(const struct session_printer *printer);

/* Prints all rows; of JSON, the items of an array. What cli_flush() gives, as soon as it fails. */
int session_print_rows(struct session_printer *printer, const struct session_list *list);

/* As a session_list_part: prints the rows and empties the list; `context` is the printer. */
int session_print_part(struct session_list *list, void *context);

#endif
