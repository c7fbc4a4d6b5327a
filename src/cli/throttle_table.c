/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/throttle_table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/member.h"
#include "config/units.h"
#include "util/alloc.h"
#include "util/text.h"

#define LIMIT_TEXT_MAX (2 * UNITS_TEXT_MAX)

static bool is_selected(const struct throttle_args *args, const json_t *throttle)
{
	return (!args->tag || strcmp(member_text(throttle, "tag"), args->tag) == 0) &&
	       (!args->serial || member_number(throttle, "serial") == args->serial);
}

/* Says which one is not there, and what it may have been meant for. */
static int not_there(const struct throttle_args *args, const json_t *all)
{
	const json_t *throttle;
	size_t index, count = json_array_size(all);
	if (args->tag && args->serial)
		return cli_fail(EXIT_FAILED,
				"there is no throttle `%s` with the serial number %u; see "
				"`nfshaper throttle`",
				args->tag, args->serial);
	if (!args->tag)
		return cli_fail(EXIT_FAILED,
				"there is no throttle with the serial number %u; see "
				"`nfshaper throttle`",
				args->serial);
	const char **tags = xcalloc(count, sizeof(*tags));
	json_array_foreach(all, index, throttle) tags[index] = member_text(throttle, "tag");
	const char *nearest = text_nearest(args->tag, tags, count);
	free(tags);
	if (nearest)
		return cli_fail(EXIT_FAILED, "there is no throttle `%s`; did you mean `%s`?",
				args->tag, nearest);
	return cli_fail(EXIT_FAILED, "there is no throttle `%s`; see `nfshaper throttle`",
			args->tag);
}

int throttle_table_ask(const struct cli *cli, const struct throttle_args *args, json_t **ret_list)
{
	json_t *answer = NULL, *throttle;
	size_t index;
	int status = client_ask(cli, "status", NULL, &answer);
	if (status)
		return status;
	const json_t *all = json_object_get(answer, "throttles");
	json_t *list = json_array();
	json_array_foreach(all, index, throttle) if (is_selected(args, throttle))
		json_array_append(list, throttle);
	if (json_array_size(list) == 0 && (args->tag || args->serial))
		status = not_there(args, all);
	json_decref(answer);
	if (status)
		json_decref(list);
	else
		*ret_list = list;
	return status;
}

struct rank {
	json_t *throttle;
	long long packets;
	size_t position;
};

static int compare_ranks(const void *left, const void *right)
{
	const struct rank *a = left, *b = right;
	if (a->packets != b->packets)
		return a->packets > b->packets ? -1 : 1;
	return a->position < b->position ? -1 : a->position > b->position;
}

json_t *throttle_table_sort(json_t *list)
{
	size_t count = json_array_size(list), index;
	struct rank *ranks = xcalloc(count, sizeof(*ranks));
	json_t *sorted = json_array(), *throttle;
	json_array_foreach(list, index, throttle) ranks[index] = (struct rank){
		throttle,
		member_number(throttle, "passed") + member_number(throttle, "over"),
		index,
	};
	if (count)
		qsort(ranks, count, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < count; i++)
		json_array_append(sorted, ranks[i].throttle);
	free(ranks);
	json_decref(list);
	return sorted;
}

int throttle_table_tag_width(const json_t *list)
{
	const json_t *throttle;
	size_t index, width = strlen("TAG");
	json_array_foreach(list, index, throttle)
	{
		size_t length = strlen(member_text(throttle, "tag"));
		if (length > width)
			width = length;
	}
	return (int)width;
}

/* Exact, in the largest unit that divides it. */
static void print_size(long long bytes, char *buffer, size_t size)
{
	if (bytes && bytes % 1000000 == 0)
		snprintf(buffer, size, "%lldMB", bytes / 1000000);
	else if (bytes && bytes % 1000 == 0)
		snprintf(buffer, size, "%lldkB", bytes / 1000);
	else if (bytes && bytes % 1024 == 0)
		snprintf(buffer, size, "%lldKiB", bytes / 1024);
	else
		snprintf(buffer, size, "%lldB", bytes);
}

/* `25/60`, or `2mbit+64kB` of a token bucket. */
static const char *limit_text(const json_t *throttle, char *buffer)
{
	char rate[UNITS_TEXT_MAX], burst[UNITS_TEXT_MAX];
	if (json_is_string(json_object_get(throttle, "limit")))
		return member_text(throttle, "limit");
	print_size(member_number(throttle, "burst_bytes"), burst, sizeof(burst));
	snprintf(buffer, LIMIT_TEXT_MAX, "%s+%s",
		 units_rate_text((uint64_t)member_number(throttle, "rate_bps"), rate), burst);
	return buffer;
}

void throttle_table_print_head(int tag_width)
{
	printf("  %-*s %6s %14s %10s %10s %12s %12s %10s\n", tag_width, "TAG", "SERIAL", "LIMIT",
	       "SESSIONS", "MAX", "PASSED", "OVER", "EVICTED");
}

void throttle_table_print_row(const json_t *throttle, int tag_width)
{
	char limit[LIMIT_TEXT_MAX];
	printf("  %-*s %6lld %14s %10lld %10lld %12lld %12lld %10lld\n", tag_width,
	       member_text(throttle, "tag"), member_number(throttle, "serial"),
	       limit_text(throttle, limit), member_number(throttle, "sessions"),
	       member_number(throttle, "max"), member_number(throttle, "passed"),
	       member_number(throttle, "over"), member_number(throttle, "evicted"));
}

void throttle_table_print_more(const json_t *throttle)
{
	const json_t *fields = json_object_get(throttle, "session"), *field;
	size_t index;
	char expire[DURATION_TEXT_MAX];
	bool has_mask = strcmp(member_text(throttle, "mask"), "0x00000000") != 0;
	printf("    session");
	json_array_foreach(fields, index, field) printf(" %s", json_string_value(field));
	if (has_mask)
		printf(" mask %s", member_text(throttle, "mask"));
	if (!has_mask && json_array_size(fields) == 0)
		printf(" none");
	printf(", counts %s, expires after %s, %s, %lld kB\n", member_text(throttle, "count"),
	       duration_text(member_number(throttle, "expire"), expire),
	       json_is_true(json_object_get(throttle, "by_command")) ? "made by command"
								     : "in the file",
	       member_number(throttle, "bytes") / 1000);
}

const char *duration_text(long long seconds, char *buffer)
{
	static const struct {
		char name;
		long long seconds;
	} units[] = {{'y', 365 * 86400}, {'w', 7 * 86400}, {'d', 86400},
		     {'h', 3600},        {'m', 60},        {'s', 1}};
	const size_t n_units = sizeof(units) / sizeof(units[0]);
	size_t i = 0;
	while (i + 1 < n_units && seconds < units[i].seconds)
		i++;
	long long rest = seconds % units[i].seconds;
	int length = snprintf(buffer, DURATION_TEXT_MAX, "%lld%c", seconds / units[i].seconds,
			      units[i].name);
	for (i++; i < n_units && rest; i++) {
		if (rest < units[i].seconds)
			continue;
		snprintf(buffer + length, DURATION_TEXT_MAX - (size_t)length, "%lld%c",
			 rest / units[i].seconds, units[i].name);
		break;
	}
	return buffer;
}
