/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

size_t addr_size(const struct addr *addr)
{
	return addr->family == AF_INET ? 4 : addr->family == AF_INET6 ? 16 : 0;
}

struct addr addr_from_bytes(uint8_t family, const void *bytes)
{
	struct addr addr = {.family = family};
	memcpy(addr.bytes, bytes, addr_size(&addr));
	return addr;
}

int addr_parse(const char *text, struct addr *ret_addr)
{
	struct addr addr = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};
	if (inet_pton(addr.family, text, addr.bytes) != 1)
		return -EINVAL;
	*ret_addr = addr;
	return 0;
}

/* Clears the bits behind `length`; true where one of them was set. */
static bool clear_host_bits(struct addr *addr, unsigned length)
{
	bool any = false;
	for (size_t i = length / 8; i < addr_size(addr); i++) {
		uint8_t keep = i == length / 8 ? (uint8_t)(0xff00 >> (length % 8)) : 0;
		any |= (addr->bytes[i] & ~keep) != 0;
		addr->bytes[i] &= keep;
	}
	return any;
}

int prefix_parse(const char *text, struct prefix *ret_prefix)
{
	char address[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix prefix = {0};
	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (addr_parse(address, &prefix.addr))
		return -EINVAL;
	uint64_t bits = addr_size(&prefix.addr) * 8;
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9' || strpbrk(slash, "xX"))
			return -EINVAL;
		int error = text_to_u64(slash + 1, bits, &bits);
		if (error)
			return error;
	}
	prefix.length = (uint8_t)bits;
	bool host_bits = clear_host_bits(&prefix.addr, prefix.length);
	*ret_prefix = prefix;
	return host_bits ? -EDOM : 0;
}

int addr_port_parse(const char *text, struct addr *ret_addr, bool *ret_has_port, uint16_t *ret_port)
{
	char address[ADDR_TEXT_MAX];
	const char *end, *port = NULL, *start = text;
	if (text[0] == '[') {
		start = text + 1;
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		port = end[1] ? end + 2 : NULL;
	} else {
		const char *colon = strchr(text, ':');
		bool v4_with_port = colon && !strchr(colon + 1, ':');
		end = v4_with_port ? colon : text + strlen(text);
		port = v4_with_port ? colon + 1 : NULL;
	}
	if ((size_t)(end - start) >= sizeof(address))
		return -EINVAL;
	memcpy(address, start, (size_t)(end - start));
	address[end - start] = '\0';
	struct addr addr;
	uint64_t number = 0;
	if (addr_parse(address, &addr) || (text[0] == '[' && addr.family != AF_INET6))
		return -EINVAL;
	if (port && text_to_u64(port, UINT16_MAX, &number))
		return -EINVAL;
	*ret_addr = addr;
	*ret_has_port = port != NULL;
	if (port)
		*ret_port = (uint16_t)number;
	return 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_compare(a, b) == 0;
}

bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	if (prefix->addr.family != addr->family)
		return false;
	size_t whole = prefix->length / 8;
	if (memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	uint8_t rest = (uint8_t)(0xff00 >> (prefix->length % 8));
	return prefix->length % 8 == 0 || (addr->bytes[whole] & rest) == prefix->addr.bytes[whole];
}

bool addr_is_loopback(const struct addr *addr)
{
	static const uint8_t v6[16] = {[15] = 1};
	return addr->family == AF_INET ? addr->bytes[0] == 127
				       : memcmp(addr->bytes, v6, sizeof(v6)) == 0;
}

bool addr_is_multicast(const struct addr *addr)
{
	return addr->family == AF_INET ? addr->bytes[0] >> 4 == 0xe : addr->bytes[0] == 0xff;
}

bool addr_is_unspecified(const struct addr *addr)
{
	static const uint8_t zero[16];
	return memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

const char *addr_text(const struct addr *addr, char *buffer)
{
	if (!inet_ntop(addr->family, addr->bytes, buffer, ADDR_TEXT_MAX))
		snprintf(buffer, ADDR_TEXT_MAX, "-");
	return buffer;
}

const char *addr_port_text(const struct addr *addr, uint16_t port, char *buffer)
{
	char address[ADDR_TEXT_MAX];
	bool v6 = addr->family == AF_INET6;
	snprintf(buffer, ADDR_PORT_TEXT_MAX, "%s%s%s:%u", v6 ? "[" : "", addr_text(addr, address),
		 v6 ? "]" : "", port);
	return buffer;
}

const char *prefix_text(const struct prefix *prefix, char *buffer)
{
	char address[ADDR_TEXT_MAX];
	snprintf(buffer, ADDR_PORT_TEXT_MAX, "%s/%u", addr_text(&prefix->addr, address),
		 prefix->length);
	return buffer;
}
