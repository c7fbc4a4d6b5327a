/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "config/values.h"
#include "net/proto.h"
#include "util/alloc.h"
#include "util/text.h"

#define MANAGEMENT_EXPECTED "proto/port or \"proto/port from PREFIX\", such as tcp/22"
#define SSH_PORT 22

void read_local(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	config->local = xcalloc(value->count, sizeof(*config->local));
	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];
		if (schema_check_kind(reader, key, item, SCHEMA_TEXT,
				      "address prefixes, such as [192.168.1.0/24]") &&
		    value_prefix(reader, item->at, item->text, &config->local[config->n_local]))
			config->n_local++;
	}
}

static bool read_proto(struct reader *reader, const struct node *item, const char *name,
		       uint8_t *ret_proto)
{
	size_t n_names;
	const char *const *names = proto_names(&n_names);
	if (proto_parse(name, ret_proto)) {
		char *guess = schema_guess(name, names, n_names);
		report_error(reader->diags, item->at,
			     "`%s`: unknown protocol; write " MANAGEMENT_EXPECTED "%s",
			     SHOWN(item->text), guess);
		free(guess);
		return false;
	}
	if (!proto_has_ports(*ret_proto)) {
		report_error(reader->diags, item->at,
			     "`%s`: this protocol has no ports; tcp, udp, udplite, sctp and dccp "
			     "have",
			     SHOWN(item->text));
		return false;
	}
	return true;
}

/* Cuts the text into words at blanks; the number of words, `max` + 1 where there are more. */
static size_t split_words(char *text, char **words, size_t max)
{
	size_t count = 0;
	char *state = NULL;
	for (char *word = strtok_r(text, " \t\n", &state); word;
	     word = strtok_r(NULL, " \t\n", &state)) {
		if (count == max)
			return max + 1;
		words[count++] = word;
	}
	return count;
}

/* `text` is a copy of the item's, to be cut up. */
static bool read_service(struct reader *reader, const struct node *item, char *text,
			 struct config_management *ret_service)
{
	char *words[3];
	struct config_management service = {0};
	size_t n_words = split_words(text, words, 3);
	char *slash = n_words ? strchr(words[0], '/') : NULL;
	uint64_t port = 0;
	if (!slash || n_words == 2 || n_words > 3 || (n_words == 3 && strcmp(words[1], "from"))) {
		report_error(reader->diags, item->at, "`%s`: write " MANAGEMENT_EXPECTED,
			     SHOWN(item->text));
		return false;
	}
	*slash = '\0';
	if (!read_proto(reader, item, words[0], &service.proto))
		return false;
	if (text_to_u64(slash + 1, UINT16_MAX, &port) || port == 0) {
		report_error(reader->diags, item->at,
			     "`%s`: write one port from 1 to 65535, such as tcp/22",
			     SHOWN(item->text));
		return false;
	}
	service.port = (uint16_t)port;
	service.has_from = n_words == 3;
	if (service.has_from && !value_prefix(reader, item->at, words[2], &service.from))
		return false;
	*ret_service = service;
	return true;
}

void read_management(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	free(config->management);
	config->management = xcalloc(value->count, sizeof(*config->management));
	config->n_management = 0;
	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];
		if (!schema_check_kind(reader, key, item, SCHEMA_TEXT, MANAGEMENT_EXPECTED))
			continue;
		char *text = xstrdup(item->text);
		if (read_service(reader, item, text, &config->management[config->n_management]))
			config->n_management++;
		free(text);
	}
}

void set_default_management(struct config *config)
{
	config->management = xcalloc(1, sizeof(*config->management));
	config->management[0] = (struct config_management){.proto = IPPROTO_TCP, .port = SSH_PORT};
	config->n_management = 1;
}
