/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <nfshaper/control.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/units.h"
#include "daemon/confirm.h"
#include "util/alloc.h"
#include "util/log.h"
#include "util/text.h"

const struct command commands[] = {
	{"start", "[--confirm TIME]", "check the configuration, apply it, and run", "fdV:", "",
	 command_start},
	{"stop", "", "end the daemon and remove what it installed", "", "", command_stop},
	{"kill", "", "the same as stop", "", "", command_stop},
	{"reload", "[--confirm TIME]", "read the file again; a bad one changes nothing", "", "",
	 command_reload},
	{"restart", "[--confirm TIME]", "the same as reload", "", "", command_reload},
	{"confirm", "[-r]", "keep a configuration that would go back by itself", "", "r",
	 command_confirm},
	{"status", "", "show the daemon, its queues, classes, throttles and rules", "", "",
	 command_status},
	{"netstat", "[-i SECONDS] [EXPRESSION]",
	 "show current connections, their owners and classes, busiest first", "",
	 "i:", command_netstat},
	{"sessions", "[-nv] [-s SERIAL] [-T TAG]", "show the sessions of throttles, busiest first",
	 "", "nvs:T:", command_sessions},
	{"throttle",
	 "[-ASDnv] [-b N] [-m MASK] [-s SERIAL] [-t WHEN] [-T TAG] [-x MAX] [N/S] | -r TAG",
	 "make or change a throttle in the running daemon; without N/S, show statistics", "",
	 "ASDnvb:m:s:t:T:x:r:", command_throttle},
	{"check", "", "read the configuration and say all that is wrong", "", "", command_check},
	{"explain", "PROTO SRC[:PORT] DST[:PORT] [KEY=VALUE …]",
	 "show the verdict that such a packet would get, and why", "", "", command_explain},
	{"show", "nft|tc|rules|marks", "show what would be installed", "", "", command_show},
	{"import", "FILE", "print a pyshaper.conf as rules.yaml", "", "", command_import},
	{"help", "[COMMAND]", "show this help", "", "", command_help},
};
const size_t commands_count = sizeof(commands) / sizeof(commands[0]);

enum { OPTION_RUN_DIR = 256, OPTION_STATE_DIR, OPTION_CONFIRM };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"foreground", no_argument, NULL, 'f'},
	{"debug", no_argument, NULL, 'd'},
	{"verbosity", required_argument, NULL, 'V'},
	{"version", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, 'j'},
	{"run-dir", required_argument, NULL, OPTION_RUN_DIR},
	{"state-dir", required_argument, NULL, OPTION_STATE_DIR},
	{"confirm", required_argument, NULL, OPTION_CONFIRM},
	{0},
};

/* Whose arguments are read, or NULL: for hints. */
static const struct command *current;

static int fail_with(int status, const char *hint, const char *format, va_list args)
{
	fflush(stdout);
	fputs("nfshaper: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, "%s\n", hint);
	return status;
}

int cli_usage(const char *format, ...)
{
	va_list args;
	char *hint = current ? xasprintf("; see `nfshaper help %s`", current->name)
			     : xstrdup("; see `nfshaper help`");
	va_start(args, format);
	fail_with(EXIT_USAGE, hint, format, args);
	va_end(args);
	free(hint);
	return EXIT_USAGE;
}

int cli_fail(int status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fail_with(status, "", format, args);
	va_end(args);
	return status;
}

int cli_no_arguments(const char *command, int argc)
{
	return argc ? cli_usage("`%s` takes no arguments", command) : EXIT_DONE;
}

int cli_flush(void)
{
	/* What could not be written stays in the buffer: the reason is found again. */
	if (fflush(stdout) == 0)
		return EXIT_DONE;
	if (errno == EPIPE)
		return EXIT_NO_READER;
	return cli_fail(EXIT_FAILED, "standard output: %s", strerror(errno));
}

void cli_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
	json_decref(value);
}

struct snapshot *cli_load(const struct cli *cli, struct state *ret_earlier)
{
	struct diags diags;
	diags_init(&diags);
	struct snapshot *snapshot =
		preflight(cli->config_path, cli->state_dir, ret_earlier, &diags);
	diags_print_errors(&diags, stderr);
	diags_fini(&diags);
	return snapshot;
}

const char *cli_classid(const struct outcome *outcome, char *buffer)
{
	snprintf(buffer, 16, "1:%x", outcome->minor);
	return buffer;
}

static int set_verbosity(const char *text)
{
	uint64_t level;
	if (text_to_u64(text, LOG_NOISY, &level) || level < LOG_SILENT)
		return cli_usage("-V takes a number from 1 (silent) to 4 (noisy), not `%s`", text);
	log_set_level((enum log_level)level);
	return EXIT_DONE;
}

static int set_confirm(struct cli *cli, const char *text)
{
	uint64_t seconds;
	int error = units_duration(text, &seconds);
	if (error) {
		char *problem = units_duration_problem(text, error);
		cli_usage("--confirm %s: %s", text, problem);
		free(problem);
		return EXIT_USAGE;
	}
	if (seconds == 0 || seconds > CONFIRM_MAX_S)
		return cli_usage("--confirm takes a time from 1s to 1d, such as 60s, not `%s`",
				 text);
	cli->confirm_s = (unsigned)seconds;
	return EXIT_DONE;
}

/* The name of the long option nearest to `--wrong`, or NULL. */
static const char *nearest_option(const char *wrong)
{
	const char *names[sizeof(long_options) / sizeof(long_options[0])];
	size_t count = 0;
	for (; long_options[count].name; count++)
		names[count] = long_options[count].name;
	return text_nearest(wrong + strlen("--"), names, count);
}

static int unknown_option(const char *word)
{
	bool is_long = strncmp(word, "--", 2) == 0;
	const char *nearest = is_long ? nearest_option(word) : NULL;
	char *option = optopt && !is_long ? xasprintf("-%c", optopt) : xstrdup(word);
	if (nearest)
		cli_usage("unknown option %s; did you mean --%s?", option, nearest);
	else if (current)
		cli_usage("%s is no option of `%s`", option, current->name);
	else
		cli_usage("unknown option %s", option);
	free(option);
	return EXIT_USAGE;
}

/* What the option says about itself; -1 where all is well and the program goes on. */
static int take_option(struct cli *cli, int option, char **argv)
{
	switch (option) {
	case 'c':
		cli->config_path = optarg;
		return -1;
	case 'f':
		cli->foreground = true;
		return -1;
	case 'd':
		log_set_level(LOG_NOISY);
		return -1;
	case 'j':
		cli->json = true;
		return -1;
	case 'V':
		return set_verbosity(optarg) ? EXIT_USAGE : -1;
	case OPTION_CONFIRM:
		return set_confirm(cli, optarg) ? EXIT_USAGE : -1;
	case OPTION_RUN_DIR:
		cli->run_dir = optarg;
		return -1;
	case OPTION_STATE_DIR:
		cli->state_dir = optarg;
		return -1;
	case 'v':
		if (cli->json)
			cli_print_json(json_pack("{s:s}", "version", PACKAGE_VERSION));
		else
			printf("nfshaper %s\n", PACKAGE_VERSION);
		return EXIT_DONE;
	case ':':
		if (strncmp(argv[optind - 1], "--", 2) != 0)
			return cli_usage("option -%c needs a value", optopt);
		return cli_usage("option %s needs a value", argv[optind - 1]);
	default:
		return unknown_option(argv[optind - 1]);
	}
}

/* True where `allowed` (as getopt's short options) has the option; long ones go by their letter. */
static bool is_allowed(const char *allowed, int option)
{
	return option >= OPTION_RUN_DIR || option == ':' || option == '?' ||
	       strchr(allowed, option);
}

/* What the command itself makes something of, later. */
static void keep_option(struct cli *cli, int letter)
{
	cli->own = array_grow(cli->own, cli->n_own, &cli->own_capacity, sizeof(*cli->own));
	cli->own[cli->n_own++] = (struct cli_option){letter, optarg};
}

/* Reads options; -1 to go on, with optind behind them, or an exit status. */
static int read_options(struct cli *cli, const char *allowed, const struct command *command,
			int argc, char **argv)
{
	int option, status = -1;
	opterr = 0;
	while (status < 0) {
		int long_index = -1;
		option = getopt_long(argc, argv, allowed, long_options, &long_index);
		if (option == -1)
			break;
		/* --version and its like never are a command's own. */
		bool is_own = command && long_index < 0 && strchr("?:", option) == NULL &&
			      strchr(command->own, option);
		if (is_own)
			keep_option(cli, option);
		else if (option == 'h')
			status = command_help(cli, command ? 1 : 0,
					      (char *[]){command ? (char *)command->name : NULL});
		else if (!is_allowed(allowed, option))
			status = cli_usage("%s is no option of `%s`", argv[optind - 1],
					   command->name);
		else
			status = take_option(cli, option, argv);
	}
	return status;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < commands_count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];
	for (size_t i = 0; i < commands_count; i++)
		names[i] = commands[i].name;
	const char *nearest = text_nearest(name, names, commands_count);
	if (nearest)
		return cli_usage("unknown command `%s`; did you mean `%s`?", name, nearest);
	return cli_usage("unknown command `%s`", name);
}

static bool takes_confirm(const struct command *command)
{
	return command->run == command_start || command->run == command_reload;
}

static int run_command(struct cli *cli, const struct command *command, int argc, char **argv)
{
	char *allowed = xasprintf(":c:jh%s%s", command->options, command->own);
	current = command->run == command_help ? NULL : command;
	optind = 0; /* glibc: start afresh, with another set of options */
	int status = read_options(cli, allowed, command, argc, argv);
	free(allowed);
	if (status < 0 && cli->confirm_s && !takes_confirm(command))
		status = cli_usage("--confirm is no option of `%s`", command->name);
	if (status < 0)
		status = command->run(cli, argc - optind, argv + optind);
	free(cli->own);
	return status == EXIT_NO_READER ? EXIT_DONE : status;
}

static int run(int argc, char **argv)
{
	const char *from_environment = getenv("NFSHAPERCONFIG");
	bool is_given = from_environment && *from_environment;
	struct cli cli = {
		.config_path = is_given ? from_environment : NFSHAPER_CONFIG_FILE,
		.run_dir = NFSHAPER_RUN_DIR,
		.state_dir = NFSHAPER_STATE_DIR,
	};
	int status = read_options(&cli, "+:c:fdV:vhj", NULL, argc, argv);
	if (status >= 0)
		return status;
	if (optind == argc)
		return command_start(&cli, 0, NULL);
	const struct command *command = find_command(argv[optind]);
	if (!command)
		return unknown_command(argv[optind]);
	return run_command(&cli, command, argc - optind, argv + optind);
}

int cli_main(int argc, char **argv)
{
	/* A reader that has gone, such as a pager, is told by write(2). */
	signal(SIGPIPE, SIG_IGN);
	int status = run(argc, argv);
	return status == EXIT_DONE && cli_flush() == EXIT_FAILED ? EXIT_FAILED : status;
}
