/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `nfshaper netstat`: all current connections, or those that an expression chooses. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/member.h"
#include "cli/rate.h"
#include "cli/style.h"
#include "cli/throttle_table.h"
#include "net/addr.h"
#include "util/alloc.h"
#include "util/text.h"

#define INTERVAL_DEFAULT_S 1
#define INTERVAL_MAX_S 60
#define ROWS_PER_FLUSH 1024
#define MS_PER_S 1000

/* The words of the command line are one expression. */
static char *join(int argc, char **argv)
{
	char *text = xstrdup(argc ? argv[0] : "");
	for (int i = 1; i < argc; i++) {
		char *longer = xasprintf("%s %s", text, argv[i]);
		free(text);
		text = longer;
	}
	return text;
}

static int read_interval(const struct cli *cli, uint64_t *ret_ms)
{
	uint64_t seconds = INTERVAL_DEFAULT_S;
	for (size_t i = 0; i < cli->n_own; i++)
		if (text_to_u64(cli->own[i].value, INTERVAL_MAX_S, &seconds))
			return cli_usage("-i takes a number of seconds from 0 to %d, not `%s`",
					 INTERVAL_MAX_S, cli->own[i].value);
	*ret_ms = seconds * MS_PER_S;
	return EXIT_DONE;
}

/* Says what is wrong with the expression, and where. */
static int print_fault(const char *expression, const json_t *fault)
{
	long long offset = member_number(fault, "offset");
	cli_usage("%s", member_text(fault, "message"));
	fprintf(stderr, "  %s\n  ", expression);
	/* As wide as what is before it: continued bytes of UTF-8 take no place. */
	for (long long i = 0; i < offset && expression[i]; i++)
		if (((unsigned char)expression[i] & 0xc0) != 0x80)
			fputc(' ', stderr);
	fputs("^\n", stderr);
	return EXIT_USAGE;
}

static char *end_text(const json_t *row, const char *address, const char *port)
{
	const char *text = member_text(row, address);
	const json_t *number = json_object_get(row, port);
	if (!json_is_integer(number))
		return xstrdup(text);
	return xasprintf(strchr(text, ':') ? "[%s]:%lld" : "%s:%lld", text,
			 (long long)json_integer_value(number));
}

/* The user's name, else the number. */
static const char *user_text(const json_t *row, char *buffer, size_t size)
{
	const json_t *uid = json_object_get(row, "uid");
	const char *user = json_string_value(json_object_get(row, "user"));
	if (user || !json_is_integer(uid))
		return user ? user : "-";
	snprintf(buffer, size, "%lld", (long long)json_integer_value(uid));
	return buffer;
}

/* What an administrator wants to know first: the class, or why there is none. */
static const char *class_text(const json_t *row)
{
	const char *class = json_string_value(json_object_get(row, "class"));
	return class ? class : member_text(row, "verdict");
}

static void print_number(const json_t *row, const char *key, int width)
{
	const json_t *number = json_object_get(row, key);
	if (json_is_integer(number))
		printf(" %*lld", width, (long long)json_integer_value(number));
	else
		printf(" %*s", width, "-");
}

static void print_rate(const json_t *row)
{
	const json_t *rate = json_object_get(row, "rate_bps");
	char buffer[RATE_TEXT_MAX];
	printf(" %10s", json_is_number(rate)
				? rate_text(json_number_value(rate), buffer, sizeof(buffer))
				: "-");
}

static void print_age(const json_t *row)
{
	const json_t *age = json_object_get(row, "age");
	char buffer[DURATION_TEXT_MAX];
	printf(" %8s", json_is_number(age)
			       ? duration_text((long long)json_number_value(age), buffer)
			       : "-");
}

/* The command and its arguments; control characters would play tricks on a terminal. */
static char *command_text(const json_t *row)
{
	char *text = xstrdup(member_text(row, "cmd"));
	const json_t *arg;
	size_t index;
	json_array_foreach(json_object_get(row, "args"), index, arg)
	{
		char *longer = xasprintf("%s %s", text, json_string_value(arg));
		free(text);
		text = longer;
	}
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return text;
}

struct widths {
	int local;
	int remote;
	int user;
	int class;
	int line; /* of the terminal; 0: there is none, and lines are as long as they are */
};

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static struct widths widths_of(const json_t *list)
{
	struct widths widths = {strlen("LOCAL"), strlen("REMOTE"), strlen("USER"), strlen("CLASS"),
				0};
	struct winsize window;
	const json_t *row;
	size_t index;
	char number[24];
	json_array_foreach(list, index, row)
	{
		char *local = end_text(row, "laddr", "lport");
		char *remote = end_text(row, "raddr", "rport");
		widen(&widths.local, local);
		widen(&widths.remote, remote);
		widen(&widths.user, user_text(row, number, sizeof(number)));
		widen(&widths.class, class_text(row));
		free(local);
		free(remote);
	}
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0)
		widths.line = window.ws_col;
	return widths;
}

static void print_head(const struct widths *widths)
{
	printf("%s%-6s %-*s %-*s %-2s %-*s %7s %-*s %10s %10s %8s COMMAND%s\n",
	       style_begin(stdout, STYLE_HEAD), "PROTO", widths->local, "LOCAL", widths->remote,
	       "REMOTE", "CC", widths->user, "USER", "PID", widths->class, "CLASS", "RATE", "BYTES",
	       "AGE", style_end(stdout));
}

/* The columns before the command. */
static int columns(const struct widths *widths)
{
	return 6 + 1 + widths->local + 1 + widths->remote + 1 + 2 + 1 + widths->user + 1 + 7 + 1 +
	       widths->class + 11 + 11 + 9 + 1;
}

static void print_row(const struct widths *widths, const json_t *row)
{
	char *local = end_text(row, "laddr", "lport"), *remote = end_text(row, "raddr", "rport");
	char *command = command_text(row), number[24];
	int room = widths->line - columns(widths);
	printf("%-6s %-*s %-*s %-2s %-*s", member_text(row, "proto"), widths->local, local,
	       widths->remote, remote, member_text(row, "cc"), widths->user,
	       user_text(row, number, sizeof(number)));
	print_number(row, "pid", 7);
	printf(" %-*s", widths->class, class_text(row));
	print_rate(row);
	print_number(row, "bytes", 10);
	print_age(row);
	if (widths->line && room < (int)strlen(command))
		printf(" %.*s\n", room > 0 ? room : 0, command);
	else
		printf(" %s\n", command);
	free(local);
	free(remote);
	free(command);
}

/* Why a column is empty, once. */
static void explain_gaps(const json_t *list)
{
	const json_t *first = json_array_get(list, 0);
	if (!first)
		return;
	fflush(stdout);
	if (json_is_null(json_object_get(first, "bytes")))
		fputs("nfshaper: bytes and rates are not known: sysctl "
		      "net.netfilter.nf_conntrack_acct=1 makes the kernel count those of new "
		      "connections\n",
		      stderr);
}

static int print_list(const json_t *list)
{
	const json_t *row;
	size_t index;
	struct widths widths = widths_of(list);
	int status = EXIT_DONE;
	print_head(&widths);
	json_array_foreach(list, index, row)
	{
		print_row(&widths, row);
		if (index % ROWS_PER_FLUSH == ROWS_PER_FLUSH - 1)
			status = cli_flush();
		if (status)
			return status;
	}
	status = cli_flush();
	if (!status)
		explain_gaps(list);
	return status;
}

int command_netstat(struct cli *cli, int argc, char **argv)
{
	uint64_t interval_ms = 0;
	json_t *answer = NULL;
	if (read_interval(cli, &interval_ms))
		return EXIT_USAGE;
	char *expression = join(argc, argv);
	int status = client_ask(cli, "netstat",
				json_pack("{s:s, s:I}", "expression", expression, "interval_ms",
					  (json_int_t)interval_ms),
				&answer);
	if (!status && json_is_object(answer)) {
		status = print_fault(expression, json_object_get(answer, "fault"));
		json_decref(answer);
	} else if (!status && cli->json) {
		cli_print_json(answer);
		status = cli_flush();
	} else if (!status) {
		status = print_list(answer);
		json_decref(answer);
	}
	free(expression);
	return status;
}
