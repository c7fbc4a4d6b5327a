/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "rules/literal.h"
#include "util/alloc.h"

/* Letters without a colon are no address of either family. */
static bool looks_like_host(const char *text)
{
	if (strchr(text, ':'))
		return false;
	for (const char *at = text; *at; at++)
		if (isalpha((unsigned char)*at))
			return true;
	return false;
}

static int refuse_address(const char *text, size_t length, size_t offset, struct fault *fault)
{
	struct snippet snippet = snippet_of(text, length);
	if (looks_like_host(text))
		return fault_set(fault, offset,
				 "`%s` is not an address, and names are not looked up: write the "
				 "address itself",
				 snippet.text);
	return fault_set(fault, offset,
			 "`%s` is not an address; right would be 192.0.2.1, 192.0.2.0/24, "
			 "192.0.2.1-192.0.2.9 or 2001:db8::/32",
			 snippet.text);
}

static int refuse_prefix(const struct expr_value *value, int error, const struct prefix *prefix,
			 struct fault *fault)
{
	char network[ADDR_PORT_TEXT_MAX];
	struct snippet snippet = snippet_of(value->text, value->length);
	if (error == -EDOM) {
		size_t slash = strcspn(value->text, "/");
		return fault_set(fault, value->offset,
				 "`%s` has bits set behind its prefix: the network is `%s`, the "
				 "single address `%s`",
				 snippet.text, prefix_text(prefix, network),
				 snippet_of(value->text, slash).text);
	}
	if (error == -ERANGE)
		return fault_set(fault, value->offset,
				 "the prefix of `%s` is too long: it is 0–32 for IPv4, 0–128 for "
				 "IPv6",
				 snippet.text);
	return refuse_address(value->text, value->length, value->offset, fault);
}

static int read_end(const struct expr_value *range, size_t start, size_t length,
		    struct addr *ret_addr, struct fault *fault)
{
	char *text = xstrndup(range->text + start, length);
	int error = addr_parse(text, ret_addr);
	if (error)
		error = refuse_address(text, length, range->offset + start, fault);
	free(text);
	return error;
}

static int add_range(const struct expr_value *value, struct addr_set *set, struct fault *fault)
{
	struct addr first, last;
	struct snippet snippet = snippet_of(value->text, value->length);
	size_t dash = strcspn(value->text, "-");
	int error = read_end(value, 0, dash, &first, fault);
	if (!error)
		error = read_end(value, dash + 1, value->length - dash - 1, &last, fault);
	if (error)
		return error;
	if (first.family != last.family)
		return fault_set(fault, value->offset,
				 "the range `%s` goes from one family to another: both ends are "
				 "IPv4 or both IPv6",
				 snippet.text);
	if (addr_compare(&first, &last) > 0)
		return fault_set(fault, value->offset,
				 "the range `%s` is empty: the smaller end comes first",
				 snippet.text);
	addr_set_add(set, &first, &last);
	return 0;
}

int literal_add_addresses(const struct expr_value *value, struct addr_set *set, struct fault *fault)
{
	struct prefix prefix;
	if (strchr(value->text, '-') && !looks_like_host(value->text))
		return add_range(value, set, fault);
	int error = prefix_parse(value->text, &prefix);
	if (error)
		return refuse_prefix(value, error, &prefix, fault);
	addr_set_add_prefix(set, &prefix);
	return 0;
}
