/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/netstat_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/rate.h"
#include "cli/style.h"
#include "cli/throttle_table.h"
#include "config/source.h"
#include "util/alloc.h"

#define NOTHING "-"

struct shown {
	const json_t *answer;
	const json_t *row;
};

static const json_t *by_key(const json_t *keys, const json_t *values, const char *key)
{
	const json_t *name;
	size_t index;
	json_array_foreach(keys, index, name)
	{
		if (strcmp(json_string_value(name), key) == 0)
			return json_array_get(values, index);
	}
	return NULL;
}

const json_t *netstat_value(const json_t *answer, const json_t *row, const char *key)
{
	const json_t *keys = json_object_get(answer, "keys");
	const json_t *value = by_key(keys, row, key);
	const json_t *owner = value ? NULL : by_key(keys, row, "owner");
	if (!json_is_integer(owner))
		return value;
	return by_key(json_object_get(answer, "owner_keys"),
		      json_array_get(json_object_get(answer, "owners"),
				     (size_t)json_integer_value(owner)),
		      key);
}

static const json_t *get(const struct shown *shown, const char *key)
{
	return netstat_value(shown->answer, shown->row, key);
}

/* A text or a number. */
static char *cell(const struct shown *shown, const char *key)
{
	const json_t *value = get(shown, key);
	if (json_is_integer(value))
		return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return xstrdup(json_is_string(value) ? json_string_value(value) : NOTHING);
}

static char *end_cell(const struct shown *shown, const char *addr_key, const char *port_key)
{
	char *addr = cell(shown, addr_key);
	const json_t *port = get(shown, port_key);
	if (!json_is_integer(port))
		return addr;
	char *text = xasprintf(strchr(addr, ':') ? "[%s]:%" JSON_INTEGER_FORMAT
						 : "%s:%" JSON_INTEGER_FORMAT,
			       addr, json_integer_value(port));
	free(addr);
	return text;
}

static char *local_cell(const struct shown *shown, const char *key)
{
	return end_cell(shown, key, "lport");
}

static char *remote_cell(const struct shown *shown, const char *key)
{
	return end_cell(shown, key, "rport");
}

/* The user's name, else the number. */
static char *user_cell(const struct shown *shown, const char *key)
{
	return cell(shown, json_is_string(get(shown, key)) ? key : "uid");
}

/* What an administrator wants to know first: the class, or why there is none. */
static char *class_cell(const struct shown *shown, const char *key)
{
	return cell(shown, json_is_string(get(shown, key)) ? key : "verdict");
}

static char *rate_cell(const struct shown *shown, const char *key)
{
	const json_t *rate = get(shown, key);
	char buffer[RATE_TEXT_MAX];
	return xstrdup(json_is_number(rate)
			       ? rate_text(json_number_value(rate), buffer, sizeof(buffer))
			       : NOTHING);
}

static char *age_cell(const struct shown *shown, const char *key)
{
	const json_t *age = get(shown, key);
	char buffer[DURATION_TEXT_MAX];
	return xstrdup(json_is_number(age)
			       ? duration_text((long long)json_number_value(age), buffer)
			       : NOTHING);
}

/* With its arguments. */
static char *command_cell(const struct shown *shown, const char *key)
{
	char *text = cell(shown, key);
	const json_t *arg;
	size_t index;
	json_array_foreach(get(shown, "args"), index, arg)
	{
		char *longer = xasprintf("%s %s", text, json_string_value(arg));
		free(text);
		text = longer;
	}
	return text;
}

static const struct {
	const char *head;
	const char *key;
	bool is_number; /* to the right */
	char *(*text)(const struct shown *shown, const char *key);
} columns[] = {
	{"PROTO", "proto", false, cell},         {"LOCAL", "laddr", false, local_cell},
	{"REMOTE", "raddr", false, remote_cell}, {"CC", "cc", false, cell},
	{"USER", "user", false, user_cell},      {"PID", "pid", true, cell},
	{"CLASS", "class", false, class_cell},   {"MARK", "mark", false, cell},
	{"RATE", "rate_bps", true, rate_cell},   {"IN-BYTES", "bytes_in", true, cell},
	{"OUT-BYTES", "bytes_out", true, cell},  {"IN-PKTS", "packets_in", true, cell},
	{"OUT-PKTS", "packets_out", true, cell}, {"AGE", "age", true, age_cell},
	{"COMMAND", "cmd", false, command_cell},
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define LAST (N_COLUMNS - 1) /* has no width */

struct table {
	int widths[N_COLUMNS];
	int line; /* of the terminal; 0: there is none, and lines are as long as they are */
};

/* Of a terminal, as far as one can tell: characters of two columns are rare here. */
static int width_of(const char *text)
{
	int width = 0;
	for (; *text; text++)
		width += !UTF8_CONTINUES(*text);
	return width;
}

int netstat_table_cut(const char *text, int room)
{
	int length = 0;
	for (; text[length] && (room > 0 || UTF8_CONTINUES(text[length])); length++)
		room -= !UTF8_CONTINUES(text[length]);
	return length;
}

void netstat_table_tame(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		unsigned char first = (unsigned char)from[0], next = (unsigned char)from[1];
		bool is_c1 = first == 0xc2 && next < 0xa0 && UTF8_CONTINUES(next);
		*to++ = first < ' ' || first == 0x7f || is_c1 ? '?' : *from;
		from += is_c1;
	}
	*to = '\0';
}

static char *tamed_cell(const struct shown *shown, size_t column)
{
	char *text = columns[column].text(shown, columns[column].key);
	netstat_table_tame(text);
	return text;
}

static void widen(struct table *table, size_t column, const char *text)
{
	if (width_of(text) > table->widths[column])
		table->widths[column] = width_of(text);
}

static void measure(struct table *table, const json_t *answer)
{
	struct shown shown = {.answer = answer};
	struct winsize window;
	size_t index;
	for (size_t i = 0; i < LAST; i++)
		widen(table, i, columns[i].head);
	json_array_foreach(json_object_get(answer, "rows"), index, shown.row)
	{
		for (size_t i = 0; i < LAST; i++) {
			char *text = tamed_cell(&shown, i);
			widen(table, i, text);
			free(text);
		}
	}
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0)
		table->line = window.ws_col;
}

static void print_cell(const struct table *table, size_t column, const char *text)
{
	int gap = table->widths[column] - width_of(text);
	if (columns[column].is_number)
		printf("%*s%s ", gap, "", text);
	else
		printf("%s%*s ", text, gap, "");
}

/* Up to the edge, on the last of the lines where the others alone need several. */
static void print_last(const struct table *table, const char *text)
{
	int used = 0;
	for (size_t i = 0; i < LAST; i++)
		used += table->widths[i] + 1;
	if (table->line)
		printf("%.*s\n", netstat_table_cut(text, table->line - used % table->line), text);
	else
		printf("%s\n", text);
}

static void print_row(const struct table *table, const struct shown *shown)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		char *text = tamed_cell(shown, i);
		if (i == LAST)
			print_last(table, text);
		else
			print_cell(table, i, text);
		free(text);
	}
}

int netstat_table_print(const json_t *answer)
{
	struct shown shown = {.answer = answer};
	struct table table = {0};
	size_t index;
	int status = EXIT_DONE;
	measure(&table, answer);
	fputs(style_begin(stdout, STYLE_HEAD), stdout);
	for (size_t i = 0; i < LAST; i++)
		print_cell(&table, i, columns[i].head);
	printf("%s%s\n", columns[LAST].head, style_end(stdout));
	json_array_foreach(json_object_get(answer, "rows"), index, shown.row)
	{
		print_row(&table, &shown);
		if (index % NETSTAT_ROWS_PER_FLUSH == NETSTAT_ROWS_PER_FLUSH - 1)
			status = cli_flush();
		if (status)
			return status;
	}
	return cli_flush();
}
