/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: options, the table of commands, and what they share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "daemon/preflight.h"

/* Exit statuses. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3 };
/* Of a command: nobody reads its output any more, so it has ended early. That is no failure. */
enum { EXIT_NO_READER = -1 };

/* An option of a command's own, as it was given. */
struct cli_option {
	int letter;
	const char *value; /* borrowed from argv; NULL where the option takes none */
};

struct cli {
	const char *config_path;
	const char *run_dir;
	const char *state_dir;
	bool foreground;
	bool json;
	unsigned confirm_s;     /* --confirm; 0: not given */
	struct cli_option *own; /* the command's own options, in their order */
	size_t n_own;
	size_t own_capacity;
};

struct command {
	const char *name;
	const char *arguments; /* for help, may be "" */
	const char *summary;
	const char *options; /* global letters that it takes too, as getopt(3) */
	const char *own;     /* letters of its own; there, a global one of the same letter is not */
	int (*run)(struct cli *cli, int argc, char **argv); /* argv: the arguments only */
};

/* Runs the program; returns its exit status. */
int cli_main(int argc, char **argv);

extern const struct command commands[];
extern const size_t commands_count;

int command_start(struct cli *cli, int argc, char **argv);
int command_stop(struct cli *cli, int argc, char **argv);
int command_reload(struct cli *cli, int argc, char **argv);
int command_confirm(struct cli *cli, int argc, char **argv);
int command_status(struct cli *cli, int argc, char **argv);
int command_check(struct cli *cli, int argc, char **argv);
int command_explain(struct cli *cli, int argc, char **argv);
int command_show(struct cli *cli, int argc, char **argv);
int command_import(struct cli *cli, int argc, char **argv);
int command_throttle(struct cli *cli, int argc, char **argv);
int command_netstat(struct cli *cli, int argc, char **argv);
int command_sessions(struct cli *cli, int argc, char **argv);
int command_help(struct cli *cli, int argc, char **argv);

/* Prints "nfshaper: …" and where to read on to standard error; returns EXIT_USAGE. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "nfshaper: …" to standard error; returns `status`. */
int cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* EXIT_USAGE with a message unless there are no arguments. */
int cli_no_arguments(const char *command, int argc);

/*
 * Writes out what was printed so far. EXIT_DONE; EXIT_NO_READER where the reader (a pager, head) is
 * gone; EXIT_FAILED after a message.
 */
int cli_flush(void);

/* Prints one JSON value and releases it. */
void cli_print_json(json_t *value);

/*
 * Loads the configuration for a command that only looks at it. Errors are printed (warnings are
 * `check`'s matter). The caller frees the snapshot and empties *ret_earlier in any case.
 */
struct snapshot *cli_load(const struct cli *cli, struct state *ret_earlier);

/* "1:10" for an outcome's class; buffer of at least 16. */
const char *cli_classid(const struct outcome *outcome, char *buffer);

#endif
