/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <net/if.h>
#include <string.h>

#include "rules/literal.h"

#define DIGITS "0123456789"

static int check_interface(const struct expr_value *value, struct fault *fault)
{
	/* As dev_valid_name() of net/core/dev.c. */
	if (value->length > 0 && value->length < IFNAMSIZ && strcmp(value->text, ".") != 0 &&
	    strcmp(value->text, "..") != 0 && !strpbrk(value->text, "/: \t\r\n\v\f"))
		return 0;
	return fault_set(fault, value->offset,
			 "`%s` cannot be the name of an interface: it has 1 to %d characters, "
			 "without blanks, `/` and `:`",
			 snippet_of(value->text, value->length).text, IFNAMSIZ - 1);
}

/* The names of users and groups never are numbers. */
static int check_account(enum attribute attribute, const struct expr_value *value,
			 struct fault *fault)
{
	struct snippet snippet = snippet_of(value->text, value->length);
	const char *name = attribute_info(attribute)->name;
	const char *id = attribute == ATTR_USER ? "uid" : "gid";
	if (value->length == 0 || strpbrk(value->text, "/:, \t\n"))
		return fault_set(fault, value->offset,
				 "`%s` cannot be the name of a %s: it is without blanks, `/`, `:` "
				 "and `,`",
				 snippet.text, name);
	if (!literal_is_id(value))
		return 0;
	return fault_set(fault, value->offset,
			 "`%s` is a number among names: compare names with `%s` and numbers with "
			 "`%s`, in two tests",
			 snippet.text, name, id);
}

/* The texts that the kernel and systemd give: others would never be equal to one of them. */
static int check_path(enum attribute attribute, const struct expr_value *value, struct fault *fault)
{
	struct snippet snippet = snippet_of(value->text, value->length);
	const char *name = attribute_info(attribute)->name;
	if (value->text[0] == '/')
		return 0;
	return fault_set(
		fault, value->offset,
		"`%s` is not %s, which begins with `/`: a part is found by `%s like '*%s'`",
		snippet.text, attribute_info(attribute)->what, name, snippet.text);
}

static int check_unit(const struct expr_value *value, struct fault *fault)
{
	struct snippet snippet = snippet_of(value->text, value->length);
	if (strchr(value->text, '.'))
		return 0;
	return fault_set(fault, value->offset,
			 "`%s` is not the full name of a unit, such as `%s.service`", snippet.text,
			 snippet.text);
}

bool literal_is_id(const struct expr_value *value)
{
	size_t first = strspn(value->text, DIGITS);
	bool is_range = first > 0 && value->text[first] == '-';
	size_t last = is_range ? strspn(value->text + first + 1, DIGITS) : 0;
	return first > 0 && (!is_range || last > 0) && first + is_range + last == value->length;
}

int literal_check_text(enum attribute attribute, const struct expr_value *value,
		       struct fault *fault)
{
	if (attribute_info(attribute)->kind == KIND_INTERFACE)
		return check_interface(value, fault);
	if (attribute == ATTR_USER || attribute == ATTR_GROUP)
		return check_account(attribute, value, fault);
	if (attribute == ATTR_CGROUP || attribute == ATTR_EXE)
		return check_path(attribute, value, fault);
	if (attribute == ATTR_UNIT)
		return check_unit(value, fault);
	return 0;
}
