/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions of throttles as the command line holds and prints them. A throttle may have a million:
 * the daemon hands them out part by part, and of each only a row of numbers and the text of its key
 * is kept, about 100 bytes.
 */
#ifndef CLI_SESSION_LIST_H
#define CLI_SESSION_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

struct session_row {
	size_t key;   /* where its text begins */
	uint64_t age; /* seconds, as the two below */
	double window_left;
	double idle;
	uint32_t count; /* in the present window */
	uint32_t passed;
	uint32_t over;
	uint32_t throttle; /* position in `throttles` */
};

struct session_list {
	const json_t *throttles; /* borrowed: as throttle_table_ask() gives them */
	struct session_row *rows;
	size_t count;
	size_t capacity;
	char *keys; /* JSON objects, each with a zero at its end */
	size_t keys_size;
	size_t keys_capacity;
};

void session_list_fini(struct session_list *list);

/* Called behind each part that has arrived. Other than EXIT_DONE: no more is wanted. */
typedef int (*session_list_part)(struct session_list *list, void *context);

/*
 * Asks for all sessions of the throttle at that position and adds them to the list. `part` (or
 * NULL) may print the list and empty it with session_list_clear(). EXIT_DONE, or what it or the
 * request gave.
 */
int session_list_ask(const struct cli *cli, struct session_list *list, size_t position,
		     session_list_part part, void *context);

void session_list_clear(struct session_list *list);

/*
 * Busiest first: most packets in the present window, then most in all (passed and over), then in
 * the order in which they were added.
 */
void session_list_sort(struct session_list *list);

#endif
