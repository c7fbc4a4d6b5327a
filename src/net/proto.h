/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of IP protocols (IANA "Assigned Internet Protocol Numbers"). */
#ifndef NET_PROTO_H
#define NET_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_TEXT_MAX 16

/* Reads a name (`tcp`) or a number 0 … 255. 0, -EINVAL, or -ERANGE for a larger number. */
int proto_parse(const char *text, uint8_t *ret_proto);

/* The name, or the number where it has none; buffer of PROTO_TEXT_MAX. */
const char *proto_text(uint8_t proto, char *buffer);

/* True for the protocols whose header begins with two 16-bit ports: tcp udp udplite sctp dccp. */
bool proto_has_ports(uint8_t proto);

/* All names, for hints. */
const char *const *proto_names(size_t *ret_count);

#endif
