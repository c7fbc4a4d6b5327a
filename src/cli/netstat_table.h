/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections for people. */
#ifndef CLI_NETSTAT_TABLE_H
#define CLI_NETSTAT_TABLE_H

#include <jansson.h>
#include <stddef.h>

/* Rows after which it is looked whether anybody still reads. */
#define NETSTAT_ROWS_PER_FLUSH 1024

/* What one of the answer's rows, or its owner, has under the key; NULL: there is no such key. */
const json_t *netstat_value(const json_t *answer, const json_t *row, const char *key);

/*
 * Prints the answer's rows (daemon/netstat_answer.h) in columns as wide as what is in them. On a
 * terminal commands are cut at its edge. An exit status.
 */
int netstat_table_print(const json_t *answer);

/*
 * Characters that play tricks on a terminal become `?`, in place: control characters, also those
 * that UTF-8 writes in two bytes.
 */
void netstat_table_tame(char *text);

/* The bytes of the first `room` characters. */
int netstat_table_cut(const char *text, int room);

#endif
