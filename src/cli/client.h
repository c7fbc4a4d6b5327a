/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request to the running daemon. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <jansson.h>

#include "cli/cli.h"

/*
 * Sends the command, with what else the request has (`members`, an object that is taken over, or
 * NULL), and waits for the answer. Returns EXIT_DONE with *ret_result (a new reference);
 * EXIT_NO_DAEMON or EXIT_FAILED after a message.
 */
int client_ask(const struct cli *cli, const char *command, json_t *members, json_t **ret_result);

#endif
