/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/session_print.h"

#include <inttypes.h>
#include <string.h>

#include "cli/member.h"
#include "cli/throttle_table.h"

/* Rows after which it is looked whether anybody still reads. */
#define ROWS_PER_FLUSH 1024

void session_print_head(const struct session_printer *printer)
{
	printf("%*s", printer->indentation, "");
	if (printer->tag_width)
		printf("%-*s ", printer->tag_width, "TAG");
	if (printer->tag_width && printer->is_verbose)
		printf("%6s ", "SERIAL");
	printf("%10s %8s %10s %10s", "COUNT", "LEFT", "PASSED", "OVER");
	if (printer->is_verbose)
		printf(" %8s %8s", "AGE", "IDLE");
	printf("  SESSION\n");
}

/* `saddr=192.0.2.1 daddr=192.0.2.2`: from the key's JSON, which is short-lived here. */
static void print_key(const char *text)
{
	json_t *key = json_loads(text, 0, NULL), *value;
	const char *name, *separator = "";
	if (json_object_size(key) == 0)
		printf("all");
	json_object_foreach(key, name, value)
	{
		printf("%s%s=", separator, name);
		if (json_is_string(value))
			printf("%s", json_string_value(value));
		else if (json_is_integer(value))
			printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
		else
			printf("?");
		separator = " ";
	}
	json_decref(key);
}

static const char *left_text(double seconds, char *buffer)
{
	if (seconds <= 0)
		return "-";
	if (seconds >= 60)
		return duration_text((long long)seconds, buffer);
	snprintf(buffer, DURATION_TEXT_MAX, "%.1fs", seconds);
	return buffer;
}

static void print_row(const struct session_printer *printer, const struct session_list *list,
		      const struct session_row *row)
{
	const json_t *throttle = json_array_get(list->throttles, row->throttle);
	char left[DURATION_TEXT_MAX], age[DURATION_TEXT_MAX], idle[DURATION_TEXT_MAX];
	printf("%*s", printer->indentation, "");
	if (printer->tag_width)
		printf("%-*s ", printer->tag_width, member_text(throttle, "tag"));
	if (printer->tag_width && printer->is_verbose)
		printf("%6lld ", member_number(throttle, "serial"));
	printf("%10" PRIu32 " %8s %10" PRIu32 " %10" PRIu32, row->count,
	       left_text(row->window_left, left), row->passed, row->over);
	if (printer->is_verbose)
		printf(" %8s %8s", duration_text((long long)row->age, age),
		       duration_text((long long)row->idle, idle));
	printf("  ");
	print_key(list->keys + row->key);
	putchar('\n');
}

/* Tags and keys need no escapes any more: tags are letters, keys are JSON. */
static void print_json_row(const struct session_list *list, const struct session_row *row)
{
	const json_t *throttle = json_array_get(list->throttles, row->throttle);
	printf("{\"tag\": \"%s\", \"serial\": %lld, \"session\": %s, \"count\": %" PRIu32
	       ", \"passed\": %" PRIu32 ", \"over\": %" PRIu32
	       ", \"window_left\": %.6f, \"age\": %" PRIu64 ", \"idle\": %.6f}",
	       member_text(throttle, "tag"), member_number(throttle, "serial"),
	       list->keys + row->key, row->count, row->passed, row->over, row->window_left,
	       row->age, row->idle);
}

int session_print_rows(struct session_printer *printer, const struct session_list *list)
{
	int status = EXIT_DONE;
	for (size_t i = 0; !status && i < list->count; i++) {
		if (printer->json) {
			printf("%s\n  ", printer->is_begun ? "," : "");
			print_json_row(list, &list->rows[i]);
		} else {
			print_row(printer, list, &list->rows[i]);
		}
		printer->is_begun = true;
		if (i % ROWS_PER_FLUSH == ROWS_PER_FLUSH - 1)
			status = cli_flush();
	}
	return status ? status : cli_flush();
}

int session_print_part(struct session_list *list, void *context)
{
	int status = session_print_rows(context, list);
	session_list_clear(list);
	return status;
}
