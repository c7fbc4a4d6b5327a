/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command lines of `throttle`, which is that of ipfwthrottle(8) and -r, and of `sessions`. */
#ifndef CLI_THROTTLE_ARGS_H
#define CLI_THROTTLE_ARGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

enum throttle_action { THROTTLE_SHOW, THROTTLE_SET, THROTTLE_REMOVE };

struct throttle_args {
	enum throttle_action action;
	bool is_unsorted; /* -n */
	bool is_verbose;  /* -v */
	const char *tag;  /* borrowed from argv, or NULL */
	uint32_t serial;  /* 0: not given; as the others below that have no `has_` */
	uint32_t packets; /* of N/S, with THROTTLE_SET */
	uint64_t span_s;
	bool has_fields; /* one of -A -D -S */
	uint32_t fields; /* SESSION_BIT() */
	bool has_mask;
	uint32_t mask;
	uint32_t buckets;
	uint32_t max;
	bool has_expire;
	uint64_t expire_s;
};

/*
 * Reads a command's own options and its argument. EXIT_DONE, or EXIT_USAGE after a message that
 * says what would be right.
 */
int throttle_args_read(const struct cli_option *options, size_t n_options, int argc, char **argv,
		       struct throttle_args *ret_args);

/* The members of a `throttle-set` request: what was not given is not in it. A new reference. */
json_t *throttle_args_request(const struct throttle_args *args);

#endif
