/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answer to `netstat`, as text:
 *
 *   {"keys": [name, …], "rows": [[value, …], …],
 *    "owner_keys": [name, …], "owners": [[value, …], …], "late": number}
 *
 * A row's `owner` is a position in `owners`: many connections of one process, which may have a
 * long command line, have it once.
 */
#ifndef DAEMON_NETSTAT_ANSWER_H
#define DAEMON_NETSTAT_ANSWER_H

#include <jansson.h>
#include <stddef.h>

#include "rules/owner.h"

struct netstat_answer;

struct netstat_answer *netstat_answer_new(void);
void netstat_answer_free(struct netstat_answer *answer);

/* The position of an owner, or null where nothing is known of him. */
json_t *netstat_answer_owner(struct netstat_answer *answer, const struct owner *owner);

/* Puts the row behind the others; the text is taken over. */
void netstat_answer_row(struct netstat_answer *answer, char *row);

/* The whole, for the caller to free. `n_late`: rows whose owners were not found in time. */
char *netstat_answer_text(struct netstat_answer *answer, unsigned n_late);

#endif
