/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/throttle_args.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/report.h"
#include "config/session_field.h"
#include "config/throttle_limit.h"
#include "config/units.h"
#include "throttle/session_store.h"
#include "util/text.h"

/* Prints the problem, which it frees; EXIT_DONE where there is none. */
static int usage_problem(const char *where, char *problem)
{
	int status = problem ? cli_usage("%s%s", where, problem) : EXIT_DONE;
	free(problem);
	return status;
}

static int read_number(const struct cli_option *option, uint64_t max, const char *what,
		       uint32_t *ret_number)
{
	uint64_t number;
	if (text_to_u64(option->value, max, &number) || number == 0)
		return cli_usage("-%c takes %s from 1 to %" PRIu64 ", not `%s`", option->letter,
				 what, max, SHOWN(option->value));
	*ret_number = (uint32_t)number;
	return EXIT_DONE;
}

static int read_mask(const char *text, struct throttle_args *args)
{
	uint64_t mask;
	if (text_to_u64(text, UINT32_MAX, &mask))
		return cli_usage("-m takes 32 bits, such as 0x0000ffff (the destination port), not "
				 "`%s`",
				 SHOWN(text));
	args->has_mask = true;
	args->mask = (uint32_t)mask;
	return EXIT_DONE;
}

static int read_expiry(const char *text, struct throttle_args *args)
{
	int error = units_duration(text, &args->expire_s);
	if (error)
		return usage_problem("-t: ", units_duration_problem(text, error));
	if (args->expire_s == 0)
		return cli_usage("-t takes a duration of at least one second, such as 1m30s, not "
				 "`%s`",
				 SHOWN(text));
	args->has_expire = true;
	return EXIT_DONE;
}

static int read_tag(const struct cli_option *option, struct throttle_args *args)
{
	if (args->tag)
		return cli_usage("-%c: one tag at a time", option->letter);
	args->tag = option->value;
	if (option->letter == 'r')
		args->action = THROTTLE_REMOVE;
	return usage_problem("", throttle_tag_problem(option->value));
}

static int read_option(const struct cli_option *option, struct throttle_args *args)
{
	switch (option->letter) {
	case 'A': /* of -A and -S with -D, what comes last counts */
		args->has_fields = true;
		args->fields = 0;
		return EXIT_DONE;
	case 'D':
		args->has_fields = true;
		args->fields |= SESSION_BIT(SESSION_DADDR);
		return EXIT_DONE;
	case 'S':
		args->has_fields = true;
		args->fields |= SESSION_BIT(SESSION_SADDR);
		return EXIT_DONE;
	case 'n':
		args->is_unsorted = true;
		return EXIT_DONE;
	case 'v':
		args->is_verbose = true;
		return EXIT_DONE;
	case 'b':
		return read_number(option, SESSION_STORE_MAX, "a number of buckets",
				   &args->buckets);
	case 'x':
		return read_number(option, SESSION_STORE_MAX, "a number of sessions", &args->max);
	case 's':
		return read_number(option, UINT32_MAX, "a serial number", &args->serial);
	case 'm':
		return read_mask(option->value, args);
	case 't':
		return read_expiry(option->value, args);
	default: /* T and r */
		return read_tag(option, args);
	}
}

/* The first of the letters that was given, or 0. */
static int find_letter(const struct cli_option *options, size_t n_options, const char *letters)
{
	for (size_t i = 0; i < n_options; i++)
		if (strchr(letters, options[i].letter))
			return options[i].letter;
	return 0;
}

/* What only all options together show. */
static int check_together(const struct cli_option *options, size_t n_options,
			  const struct throttle_args *args)
{
	int letter = 0;
	switch (args->action) {
	case THROTTLE_SHOW:
		break; /* with options only: the others say nothing about what is shown */
	case THROTTLE_SET:
		if (args->serial)
			return cli_usage("-s selects what is shown; a throttle is changed by its "
					 "tag, with -T");
		if (args->has_expire && args->expire_s < args->span_s)
			return cli_usage("-t is shorter than the window: sessions would be "
					 "forgotten before it ends; write at least %" PRIu64,
					 args->span_s);
		break;
	case THROTTLE_REMOVE:
		letter = find_letter(options, n_options, "ADSbmtxsTn");
		if (letter)
			return cli_usage("-r removes a throttle and takes nothing but its tag, not "
					 "-%c",
					 letter);
		break;
	}
	return EXIT_DONE;
}

int throttle_args_read(const struct cli_option *options, size_t n_options, int argc, char **argv,
		       struct throttle_args *ret_args)
{
	struct throttle_args args = {.action = THROTTLE_SHOW};
	int status = EXIT_DONE;
	for (size_t i = 0; !status && i < n_options; i++)
		status = read_option(&options[i], &args);
	if (status)
		return status;
	if (argc > 1)
		return cli_usage("`throttle` takes one packets/seconds, such as 25/60, not also "
				 "`%s`",
				 SHOWN(argv[1]));
	if (argc == 1 && args.action == THROTTLE_REMOVE)
		return cli_usage("-r removes a throttle, and takes no packets/seconds");
	if (argc == 1) {
		args.action = THROTTLE_SET;
		status = usage_problem("",
				       throttle_limit_parse(argv[0], &args.packets, &args.span_s));
	}
	if (!status)
		status = check_together(options, n_options, &args);
	if (!status)
		*ret_args = args;
	return status;
}

static json_t *fields_json(uint32_t fields)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++)
		if (fields & SESSION_BIT(i))
			json_array_append_new(list, json_string(session_field_names[i]));
	return list;
}

json_t *throttle_args_request(const struct throttle_args *args)
{
	json_t *request = json_pack("{s:I, s:I}", "packets", (json_int_t)args->packets, "span_s",
				    (json_int_t)args->span_s);
	if (args->tag)
		json_object_set_new(request, "tag", json_string(args->tag));
	if (args->has_fields)
		json_object_set_new(request, "session", fields_json(args->fields));
	if (args->has_mask)
		json_object_set_new(request, "mask", json_integer(args->mask));
	if (args->max)
		json_object_set_new(request, "max", json_integer(args->max));
	if (args->buckets)
		json_object_set_new(request, "buckets", json_integer(args->buckets));
	if (args->has_expire)
		json_object_set_new(request, "expire_s", json_integer((json_int_t)args->expire_s));
	return request;
}
