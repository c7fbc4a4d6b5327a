/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/units.h"
#include "util/alloc.h"
#include "util/text.h"

static void report_problem(struct reader *reader, const char *key, const struct node *value,
			   char *problem)
{
	report_error(reader->diags, value->at, "`%s`: %s", key, problem);
	free(problem);
}

void value_rate(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config_rate *rate = field;
	const char *text = value->text;
	size_t length = strlen(text);
	rate->at = value->at;
	rate->is_percent = length && text[length - 1] == '%';
	if (rate->is_percent) {
		int error = units_percent(text, &rate->percent);
		if (error)
			report_problem(reader, key, value, units_percent_problem(text, error));
		return;
	}
	int error = units_rate(text, &rate->bps);
	if (error)
		report_problem(reader, key, value, units_rate_problem(text, error));
}

void value_line_rate(struct reader *reader, const char *key, const struct node *value, void *field)
{
	uint64_t *bps = field;
	if (strchr(value->text, '%')) {
		report_error(reader->diags, value->at,
			     "`%s`: `%s` is a share of nothing: write a rate of its own, such as "
			     "20mbit",
			     key, SHOWN(value->text));
		return;
	}
	int error = units_rate(value->text, bps);
	if (error)
		report_problem(reader, key, value, units_rate_problem(value->text, error));
}

void value_size(struct reader *reader, const char *key, const struct node *value, void *field)
{
	int error = units_size(value->text, field);
	if (error)
		report_problem(reader, key, value, units_size_problem(value->text, error));
}

void value_duration(struct reader *reader, const char *key, const struct node *value, void *field)
{
	int error = units_duration(value->text, field);
	if (error)
		report_problem(reader, key, value, units_duration_problem(value->text, error));
}

void value_delay(struct reader *reader, const char *key, const struct node *value, void *field)
{
	int error = units_delay(value->text, field);
	if (error)
		report_problem(reader, key, value, units_delay_problem(value->text, error));
}

void value_bool(struct reader *reader, const char *key, const struct node *value, void *field)
{
	static const char *const words[] = {"true", "false"};
	size_t position;
	if (value_word(reader, key, value, words, 2, &position))
		*(bool *)field = position == 0;
}

void value_name(struct reader *reader, const char *key, const struct node *value, void *field)
{
	char **name = field;
	if (!value->text[0] || strchr(value->text, '\n'))
		report_error(reader->diags, value->at, "`%s` is %s: write a text of one line", key,
			     value->text[0] ? "longer than a line" : "empty");
	else
		*name = xstrdup(value->text);
}

bool value_number(struct reader *reader, const char *key, const struct node *value, uint64_t min,
		  uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;
	int error = text_to_u64(value->text, max, &number);
	if (error || number < min) {
		report_error(reader->diags, value->at,
			     "`%s` is `%s`: write a number from %" PRIu64 " to %" PRIu64, key,
			     SHOWN(value->text), min, max);
		return false;
	}
	*ret_number = number;
	return true;
}

static char *join_words(const char *const *words, size_t count)
{
	char *list = xstrdup(words[0]);
	for (size_t i = 1; i < count; i++) {
		char *longer = xasprintf("%s%s%s", list, i + 1 < count ? ", " : " or ", words[i]);
		free(list);
		list = longer;
	}
	return list;
}

bool value_word(struct reader *reader, const char *key, const struct node *value,
		const char *const *words, size_t count, size_t *ret_position)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(value->text, words[i]) == 0) {
			*ret_position = i;
			return true;
		}
	}
	char *list = join_words(words, count);
	char *guess = schema_guess(value->text, words, count);
	report_error(reader->diags, value->at, "`%s` is `%s`: write %s%s", key, SHOWN(value->text),
		     list, guess);
	free(guess);
	free(list);
	return false;
}

bool value_prefix(struct reader *reader, struct place at, const char *text,
		  struct prefix *ret_prefix)
{
	struct prefix prefix;
	char buffer[ADDR_PORT_TEXT_MAX];
	int error = prefix_parse(text, &prefix);
	if (!error) {
		*ret_prefix = prefix;
		return true;
	}
	if (error == -EDOM)
		report_error(reader->diags, at,
			     "`%s` has bits set behind its prefix length: write %s", text,
			     prefix_text(&prefix, buffer));
	else if (error == -ERANGE)
		report_error(reader->diags, at,
			     "`%s` has too long a prefix: at most /32 for IPv4, /128 for IPv6",
			     SHOWN(text));
	else
		report_error(reader->diags, at,
			     "`%s` is not an address prefix: write such as 192.168.1.0/24 or "
			     "2001:db8::/32",
			     SHOWN(text));
	return false;
}
