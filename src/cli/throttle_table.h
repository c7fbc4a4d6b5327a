/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The throttles of the running daemon, as `status` answers them, for those who look at them. */
#ifndef CLI_THROTTLE_TABLE_H
#define CLI_THROTTLE_TABLE_H

#include <jansson.h>

#include "cli/cli.h"
#include "cli/throttle_args.h"

/*
 * Asks the daemon for its throttles: all, or that of the tag and serial number which args has.
 * EXIT_DONE with *ret_list (a new reference), or an exit status after a message, also where the one
 * that was asked for is not there.
 */
int throttle_table_ask(const struct cli *cli, const struct throttle_args *args, json_t **ret_list);

/* Busiest first: by what passed and what was over; else the order stays. Takes the list over. */
json_t *throttle_table_sort(json_t *list);

/* The width of the longest tag, for columns. */
int throttle_table_tag_width(const json_t *list);

void throttle_table_print_head(int tag_width);
void throttle_table_print_row(const json_t *throttle, int tag_width);
/* The line with what makes a session, and what else the row has no room for. */
void throttle_table_print_more(const json_t *throttle);

#define DURATION_TEXT_MAX 32
/* `1m30s`, `3h`: at most the two largest units; the result is `buffer`, of DURATION_TEXT_MAX. */
const char *duration_text(long long seconds, char *buffer);

#endif
