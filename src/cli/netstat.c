/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `nfshaper netstat`: all current connections, or those that an expression chooses. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/member.h"
#include "cli/netstat_table.h"
#include "config/source.h"
#include "util/alloc.h"
#include "util/text.h"

#define INTERVAL_DEFAULT_S 1
#define INTERVAL_MAX_S 60
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
		if (!UTF8_CONTINUES(expression[i]))
			fputc(expression[i] == '\t' ? '\t' : ' ', stderr);
	fputs("^\n", stderr);
	return EXIT_USAGE;
}

static void take(json_t *object, json_t *keys, json_t *values)
{
	json_t *key;
	size_t index;
	json_array_foreach(keys, index, key)
	{
		json_t *value = json_array_get(values, index);
		json_object_set(object, json_string_value(key), value ? value : json_null());
	}
}

/* One at a time: there may be very many. */
static int print_json(json_t *answer)
{
	json_t *owner_keys = json_object_get(answer, "owner_keys"), *row;
	json_t *owners = json_object_get(answer, "owners");
	size_t index;
	int status = EXIT_DONE;
	putchar('[');
	json_array_foreach(json_object_get(answer, "rows"), index, row)
	{
		json_t *object = json_object();
		take(object, json_object_get(answer, "keys"), row);
		json_t *owner = json_object_get(object, "owner");
		take(object, owner_keys,
		     json_is_integer(owner)
			     ? json_array_get(owners, (size_t)json_integer_value(owner))
			     : NULL);
		json_object_del(object, "owner");
		printf("%s\n  ", index ? "," : "");
		json_dumpf(object, stdout, 0);
		json_decref(object);
		if (index % NETSTAT_ROWS_PER_FLUSH == NETSTAT_ROWS_PER_FLUSH - 1)
			status = cli_flush();
		if (status)
			return status;
	}
	puts("\n]");
	return cli_flush();
}

/* Why there are gaps, once. */
static void explain_gaps(const json_t *answer)
{
	const json_t *first = json_array_get(json_object_get(answer, "rows"), 0);
	long long late = member_number(answer, "late");
	if (late)
		fprintf(stderr, "nfshaper: the owners of %lld connections were not found in time\n",
			late);
	if (first && json_is_null(netstat_value(answer, first, "bytes")))
		fputs("nfshaper: bytes, packets and rates are not known: sysctl "
		      "net.netfilter.nf_conntrack_acct=1 makes the kernel count those of new "
		      "connections\n",
		      stderr);
	if (first && json_is_null(netstat_value(answer, first, "age")))
		fputs("nfshaper: ages are not known: sysctl "
		      "net.netfilter.nf_conntrack_timestamp=1 makes the kernel remember when new "
		      "connections begin\n",
		      stderr);
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
	const json_t *fault = json_object_get(answer, "fault");
	if (fault)
		status = print_fault(expression, fault);
	else if (!status)
		status = cli->json ? print_json(answer) : netstat_table_print(answer);
	if (!status)
		explain_gaps(answer);
	json_decref(answer);
	free(expression);
	return status;
}
