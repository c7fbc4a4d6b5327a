/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IPv4 and IPv6 addresses, prefixes and ranges. Bytes are in network order throughout. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT_MAX 46      /* INET6_ADDRSTRLEN */
#define ADDR_PORT_TEXT_MAX 56 /* "[…]:65535" */

struct addr {
	uint8_t family;    /* AF_INET or AF_INET6; 0: not set */
	uint8_t bytes[16]; /* IPv4 uses the first four, the rest is zero */
};

struct prefix {
	struct addr addr; /* host bits are zero */
	uint8_t length;   /* 0 … 32 or 128 */
};

/* 4 or 16, 0 where the address is not set. */
size_t addr_size(const struct addr *addr);

/* The address from `family` and its 4 or 16 bytes. */
struct addr addr_from_bytes(uint8_t family, const void *bytes);

/* Reads `192.0.2.1` or `2001:db8::1` (no brackets, no port, no zone). 0 or -EINVAL. */
int addr_parse(const char *text, struct addr *ret_addr);

/*
 * Reads `ADDR` or `ADDR/LENGTH`. Returns 0; -EINVAL where it is none; -ERANGE where the length is
 * too large for the family; -EDOM where host bits are set (ret_prefix is then filled all the same,
 * with the bits cleared, for the hint in a message).
 */
int prefix_parse(const char *text, struct prefix *ret_prefix);

/*
 * Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`. Without a port
 * *ret_port stays untouched and *ret_has_port is false. 0 or -EINVAL.
 */
int addr_port_parse(const char *text, struct addr *ret_addr, bool *ret_has_port,
		    uint16_t *ret_port);

/* Order: IPv4 before IPv6, then by bytes; as memcmp(3). */
int addr_compare(const struct addr *a, const struct addr *b);
bool addr_equal(const struct addr *a, const struct addr *b);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);

bool addr_is_loopback(const struct addr *addr);
bool addr_is_multicast(const struct addr *addr);
/* 0.0.0.0 or :: */
bool addr_is_unspecified(const struct addr *addr);

/* The texts below are returned for use as an argument; `buffer` has at least ADDR_TEXT_MAX. */
const char *addr_text(const struct addr *addr, char *buffer);
/* `192.0.2.1:80`, `[2001:db8::1]:80`; buffer of ADDR_PORT_TEXT_MAX. */
const char *addr_port_text(const struct addr *addr, uint16_t port, char *buffer);
/* `192.0.2.0/24`; buffer of ADDR_PORT_TEXT_MAX. */
const char *prefix_text(const struct prefix *prefix, char *buffer);

#endif
