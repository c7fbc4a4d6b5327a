/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets built byte by byte, and parsed from a heap copy of their exact size. */
#ifndef UNIT_PACKET_BYTES_H
#define UNIT_PACKET_BYTES_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/packet.h"

struct bytes {
	size_t length;
	uint8_t at[512];
};

static inline void add(struct bytes *bytes, size_t count, const void *from)
{
	assert_true(bytes->length + count <= sizeof(bytes->at));
	if (count)
		memcpy(bytes->at + bytes->length, from, count);
	bytes->length += count;
}

#define ADD(bytes, ...) add(bytes, sizeof((uint8_t[]){__VA_ARGS__}), (const uint8_t[]){__VA_ARGS__})

/* Parses an exact heap copy of the first `captured` bytes. */
static inline int parse(const uint8_t *data, size_t captured, size_t length, struct packet *packet)
{
	uint8_t *copy = malloc(captured ? captured : 1);
	assert_non_null(copy);
	memcpy(copy, data, captured);
	int result = packet_parse(captured ? copy : copy + 1, captured, length, packet);
	free(copy);
	return result;
}

static inline int parse_whole(const struct bytes *bytes, struct packet *packet)
{
	return parse(bytes->at, bytes->length, bytes->length, packet);
}

/* 192.0.2.1 -> 198.51.100.2, DSCP 46; `options` bytes of options, `payload` bytes to follow. */
static inline struct bytes ipv4(uint8_t proto, size_t options, size_t payload, uint16_t fragment)
{
	struct bytes bytes = {0};
	size_t total = 20 + options + payload;
	ADD(&bytes, 0x40 | (uint8_t)((20 + options) / 4), 46 << 2, total >> 8, total & 0xff, 0, 1,
	    fragment >> 8, fragment & 0xff, 64, proto, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2);
	for (size_t i = 0; i < options; i++)
		ADD(&bytes, 1);
	return bytes;
}

/* 2001:db8::1 -> 2001:db8::2, DSCP 46. */
static inline struct bytes ipv6(uint8_t next, size_t payload)
{
	struct bytes bytes = {0};
	ADD(&bytes, 0x6b, 0x80, 0, 0, payload >> 8, payload & 0xff, next, 64);
	ADD(&bytes, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	ADD(&bytes, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
	return bytes;
}

/* 20 bytes: ports 1025 and 53, or type 4 code 1. */
static inline void add_upper(struct bytes *bytes)
{
	ADD(bytes, 0x04, 0x01, 0x00, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0);
}

#endif
