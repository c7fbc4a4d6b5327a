/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Types of ICMP and ICMPv6 as one kind of number, because the same name means 8 in one and 128 in
 * the other: an ICMP type is itself, an ICMPv6 type has ICMP_V6 added. A rule that says
 * `echo-request` means both; one that says 8 means type 8 of both.
 */
#ifndef RULES_ICMP_H
#define RULES_ICMP_H

#include <stddef.h>
#include <stdint.h>

#define ICMP_V6 256u

/* The number for a type of IPPROTO_ICMP or IPPROTO_ICMPV6. */
uint64_t icmp_type_number(uint8_t proto, uint8_t type);

/* `8 (echo-request)`, or the number alone where the type has no name here. Caller frees. */
char *icmp_type_text(uint64_t number);

/* Up to two numbers that a name means; returns how many, 0 where it is no name. */
size_t icmp_type_find(const char *name, uint64_t ret_numbers[2]);

/* The nearest name, or NULL. */
const char *icmp_type_nearest(const char *wrong);

#endif
